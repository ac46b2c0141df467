#!/usr/bin/env bash
# syne-tune==0.16.0, pymoo==0.6.2, matplotlib==3.11.2
# Expected: plot_hypervolume of an experiment shows how the hypervolume of its results rises, whichever way the metrics
#   go; hypervolume_indicator_column_generator of the same package turns those that are maximised round.
# Seen: metrics that are minimised, the default, are refused ("All metrics must be maximized"), and those that are
#   maximised are measured as if they were minimised: where each trial is better than all before, the curve is flat from
#   the first trial on, and where each is worse it rises to the end.
# Matters: to who judges a multi-objective search by this curve: it belongs to the worst trials.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q syne-tune==0.16.0 pymoo==0.6.2 matplotlib==3.11.2
export MPLBACKEND=agg
"$dir/venv/bin/python" -W ignore - "$dir/curve.png" 2> "$dir/log" <<'PY' || { tail -n 5 "$dir/log"; exit 1; }
import sys

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from syne_tune.constants import ST_TUNER_TIME
from syne_tune.experiments import hypervolume_indicator_column_generator
from syne_tune.experiments.experiment_result import ExperimentResult


def curves(order, mode):
    """What is plotted for five trials, and what the other function of the package says of them."""
    values = np.array([0.1, 0.3, 0.5, 0.7, 0.9])[order]
    results = pd.DataFrame({"accuracy": values, "speed": values, "trial_id": range(5), ST_TUNER_TIME: range(5)})
    metadata = {"metric_names": ["accuracy", "speed"], "metric_mode": mode}
    experiment = ExperimentResult(name="search", results=results, metadata=metadata, tuner=None, path=None)
    right = hypervolume_indicator_column_generator([("accuracy", mode), ("speed", mode)])(results)
    plt.close("all")
    try:
        experiment.plot_hypervolume(figure_path=sys.argv[1])
    except AssertionError as error:
        return f"AssertionError: {error}", np.round(right, 2).tolist()
    return np.round(plt.gca().lines[0].get_ydata(), 2).tolist(), np.round(right, 2).tolist()


rising, falling = [0, 1, 2, 3, 4], [4, 3, 2, 1, 0]
better, worse, minimised = curves(rising, "max"), curves(falling, "max"), curves(falling, "min")
print("maximised, each trial better:", better[0], "and by the other function", better[1])
print("maximised, each trial worse:", worse[0], "and by the other function", worse[1])
print("minimised:", minimised[0], "and by the other function", minimised[1])
if len(set(better[0])) != 1 or worse[0] != sorted(set(worse[0])):
    sys.exit("Changed: the hypervolume of maximised metrics is no longer that of the worst.")
if len(set(worse[1])) != 1 or better[1] != sorted(set(better[1])):
    sys.exit("Changed: the other function no longer turns maximised metrics round.")
if not isinstance(minimised[0], str):
    sys.exit("Changed: minimised metrics are no longer refused.")
PY
