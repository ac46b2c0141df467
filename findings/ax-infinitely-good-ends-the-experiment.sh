#!/usr/bin/env bash
# ax-platform==1.3.1
# Expected: a value that is no number costs one trial, whichever: Ax takes infinity and NaN without a word,
#   leaves NaN out, and reads infinity on the bad side (a loss that diverged) as a very bad value.
# Seen: infinity on the good side ends the experiment. Of a maximised objective, +inf in one trial of
#   three, and every later call of get_next_trials raises "DataRequiredError: Objective metric a not found
#   in fitted data"; of a metric with the constraint "c >= 0.5", "ValueError: cannot convert float NaN to
#   integer". Neither names the trial, and both come only with the first proposal of a model, three trials
#   later here. -inf in their place is survived.
# Matters: to ratios and logarithms (a signal-to-noise ratio of equal images, a speed-up over nothing, the
#   logarithm of an error of 0). Cap the value before it is told; told once, attach_data can overwrite it.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile torch==2.13.0
"$dir/venv/bin/pip" install -q --no-compile ax-platform==1.3.1
"$dir/venv/bin/python" -W ignore - <<'PY'
import logging
import math
import sys

from ax.api.client import Client
from ax.api.configs import RangeParameterConfig

logging.disable(logging.CRITICAL)


def run(metric, value):
    """Tell one value in the third trial; return the error that ends the experiment, if any does."""
    client = Client(random_seed=0)
    client.configure_experiment(
        [RangeParameterConfig(n, (0, 1), parameter_type="float") for n in ("x", "y")]
    )
    client.configure_optimization("a, b", outcome_constraints=["c >= 0.5"])
    client.configure_generation_strategy(method="fast")
    for number in range(7):
        try:
            trials = client.get_next_trials(1)
        except Exception as error:
            client.attach_data(2, {metric: 1.0})
            client.get_next_trials(1)  # goes on as soon as the value is another
            return f"trial {number}: {type(error).__name__}: {error}"
        for index, p in trials.items():
            told = {"a": p["x"], "b": 1 - p["x"] + p["y"], "c": p["y"]}
            client.complete_trial(index, told | ({metric: value} if number == 2 else {}))
    return "seven trials"


found = {
    (metric, value): run(metric, value)
    for metric in ("a", "c")
    for value in (math.inf, -math.inf, math.nan)
}
for (metric, value), seen in found.items():
    print(f"{metric} = {value} in the third trial: {seen}")
if (
    "DataRequiredError" not in found["a", math.inf]
    or "ValueError" not in found["c", math.inf]
    or any(seen != "seven trials" for (_, value), seen in found.items() if value != math.inf)
):
    sys.exit("Changed: infinity on the good side of a metric no longer ends an Ax experiment.")
PY
