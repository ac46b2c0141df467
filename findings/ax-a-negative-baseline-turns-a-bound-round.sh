#!/usr/bin/env bash
# ax-platform==1.3.1
# Expected: "score >= 0.9 * baseline" asks for 0.9 times what the baseline scored: for -9 where that was -10, as
#   log-likelihoods and rewards are. The client's documentation says that the bound is multiplied by the baseline.
# Seen: the text is kept as "10 % less", and the 10 % are taken of the baseline's size: the bound is -11. A trial worse
#   than the baseline by 9 % is feasible, and the best. "score <= 2 * baseline", in words at most -20, allows
#   everything up to 0. (The helper that does it says so in its docstring; nothing that users call does.)
# Matters: to who limits a metric of negative values by a baseline. Give the number, or the metric with the other sign.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile torch==2.13.0
"$dir/venv/bin/pip" install -q --no-compile ax-platform==1.3.1
"$dir/venv/bin/python" - <<'PY'
import logging
import sys
import warnings

warnings.simplefilter("ignore")
from ax.api.client import Client
from ax.api.configs import RangeParameterConfig

logging.disable(logging.CRITICAL)


def best(constraint, scores):
    """The score of the best trial, where costs grow from trial to trial and the baseline scored -10."""
    client = Client()
    client.configure_experiment([RangeParameterConfig("x", (0, 10), "float")])
    client.configure_optimization("-cost", outcome_constraints=[constraint])
    client.complete_trial(client.attach_baseline({"x": 10.0}), {"cost": 99.0, "score": -10.0})
    for number, score in enumerate(scores):
        client.complete_trial(client.attach_trial({"x": float(number)}), {"cost": float(number), "score": score})
    return client.get_best_parameterization(use_model_predictions=False)[1]["score"][0]


more = {c: best(c, [-10.9, -9.5, -8.5]) for c in ("score >= 0.9 * baseline", "score >= -9", "score >= -11")}
less = {c: best(c, [-0.1, -15.0, -25.0]) for c in ("score <= 2 * baseline", "score <= -20", "score <= 0")}
for constraint, score in (more | less).items():
    print(f"{constraint}, the baseline scored -10: the best trial scored {score}")
if list(more.values()) != [-10.9, -8.5, -10.9] or list(less.values()) != [-0.1, -25.0, -0.1]:
    sys.exit("Changed: what a factor of a negative baseline allows.")
PY
