#!/usr/bin/env bash
# FLAML==2.8.0
# Expected: in lexico_objectives a tolerance of "2%" lets a trial miss the best value of an objective by two per cent of it,
#   whichever its sign, and for modes "max" as for "min".
# Seen: the bound is the best value, negated if it is maximised, times 1.02; where that is negative the bound is better
#   than the best, nobody meets it, and a ValueError follows: "zero-size array to reduction operation minimum". With
#   an accuracy that is maximised all 60 trials run, and the error is all that tune.run gives; with a minimised objective
#   below 0 (a log-likelihood) it comes at the second trial. A tolerance of 0.02 in place of the text works in both.
# Matters: to who follows the documented example with an accuracy in place of the error rate: the whole search is paid for
#   and nothing is returned. Give the number, or minimise 1 - accuracy.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q FLAML==2.8.0
"$dir/venv/bin/python" -W ignore - 2> "$dir/log" <<'PY' || { tail -n 5 "$dir/log"; exit 1; }
import sys

from flaml import tune


def seen(mode, tolerance):
    """How many trials ran, and what came of it."""
    trials = []

    def evaluate(config):
        trials.append(config)
        error = (config["x"] - 0.3) ** 2
        return {"a": 1 - error if mode == "max" else error - 1, "b": abs(config["x"] - 0.6)}

    objectives = {
        "metrics": ["a", "b"],
        "modes": [mode, "min"],
        "tolerances": {"a": tolerance, "b": 0.0},
        "targets": {},
    }
    space = {"x": tune.uniform(0, 1)}
    try:
        found = tune.run(
            evaluate, config=space, low_cost_partial_config={}, num_samples=60, verbose=0, lexico_objectives=objectives
        )
        came = f"a = {found.best_result['a']:.2f}, b = {found.best_result['b']:.2f}"
    except ValueError as error:
        came = f"ValueError: {error}"
    return len(trials), came


cases = {(mode, tolerance): seen(mode, tolerance) for mode in ("max", "min") for tolerance in (0.02, "2%")}
for (mode, tolerance), (trials, came) in cases.items():
    print(f"{mode}, tolerance {tolerance!r}: {trials} trials, then {came}")
if cases["max", "2%"][0] != 60 or cases["min", "2%"][0] != 2:
    sys.exit("Changed: when a percentage of a negative value ends the search.")
if any(("ValueError: zero-size" in came) != (tolerance == "2%") for (_, tolerance), (_, came) in cases.items()):
    sys.exit("Changed: whether a percentage of a negative value ends the search.")
PY
