#!/usr/bin/env bash
# ax-platform==1.3.1
# Expected: a parameter that is derived from another, and a choice whose values have parameters of their own, may stand
#   in one search space; each alone works.
# Seen: the space is taken and the first trial, the centre, comes; the second raises "NotImplementedError: Unhandled
#   parameter type on parameter DerivedParameter(...)", and so does every later one. The derived parameter need not have
#   anything to do with the branches.
# Matters: to architecture searches: the fault shows once a training has been paid for. Compute the derived value in the
#   training itself.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile torch==2.13.0
"$dir/venv/bin/pip" install -q --no-compile ax-platform==1.3.1
"$dir/venv/bin/python" -W ignore - <<'PY'
import logging
import sys

from ax.api.client import Client
from ax.api.configs import ChoiceParameterConfig, DerivedParameterConfig, RangeParameterConfig

logging.disable(logging.CRITICAL)


def run(parameters):
    """Three trials of the start-up."""
    client = Client(random_seed=1)
    client.configure_experiment(parameters=parameters)
    client.configure_optimization("-loss")
    client.configure_generation_strategy(method="fast", initialization_budget=4)
    for number in range(3):
        try:
            trials = client.get_next_trials(1)
        except Exception as error:
            try:
                client.get_next_trials(1)
            except Exception as again:
                if str(again) == str(error):
                    return f"trial {number} and ever after: {type(error).__name__}: {error}"
            return f"trial {number}, once: {type(error).__name__}: {error}"
        for index, p in trials.items():
            client.complete_trial(index, {"loss": p["rate"]})
    return "three trials"


rate = RangeParameterConfig(name="rate", parameter_type="float", bounds=(0, 1))
decay = DerivedParameterConfig(name="decay", expression_str="0.1 * rate", parameter_type="float")
branches = [
    ChoiceParameterConfig(
        name="net", parameter_type="str", values=["mlp", "cnn"], dependent_parameters={"mlp": ["width"], "cnn": ["kernel"]}
    ),
    RangeParameterConfig(name="width", parameter_type="int", bounds=(1, 9)),
    RangeParameterConfig(name="kernel", parameter_type="int", bounds=(1, 5)),
]
seen = {
    "derived": run([rate, decay]),
    "branches": run([rate, *branches]),
    "both": run([rate, decay, *branches]),
}
for name, what in seen.items():
    print(f"{name}: {what}")
if [what.split(":")[0] for what in seen.values()] != ["three trials", "three trials", "trial 1 and ever after"]:
    sys.exit("Changed: what a derived parameter and branches do in one search space.")
PY
