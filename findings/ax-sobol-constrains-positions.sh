#!/usr/bin/env bash
# ax-platform==1.3.1
# Expected: Sobol points satisfy the experiment's linear constraints in the parameters' own units.
# Seen: for a parameter with steps, and for an ordered choice, the constraint is checked with the
#   position (0, 1, 2, ...) in place of the value, with no warning. For x + y <= 50, x in steps of 25
#   up to 100 and y up to 100, about 12 of 16 points break it, such as (100, 29.0); of the choices 1, 2
#   and 50 those with 50 do. (The seed does not fix how x is rounded.) Without steps none does.
#   attach_trial refuses such points.
# Matters: to who relies on constraints to keep away from what cannot be run, from the first trial on.
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
from ax.adapter.registry import Generators
from ax.api.client import Client
from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig
from ax.generation_strategy.generation_node import GenerationNode
from ax.generation_strategy.generation_strategy import GenerationStrategy
from ax.generation_strategy.generator_spec import GeneratorSpec

logging.disable(logging.CRITICAL)


def broken(x):
    """The points of 16 that break x + y <= 50."""
    client = Client()
    y = RangeParameterConfig(name="y", bounds=(0, 100), parameter_type="float")
    client.configure_experiment([x, y], parameter_constraints=["x + y <= 50"])
    client.configure_optimization("-loss")
    spec = GeneratorSpec(Generators.SOBOL, generator_kwargs={"seed": 0})
    sobol = GenerationNode(name="Sobol", generator_specs=[spec])
    client.set_generation_strategy(GenerationStrategy(nodes=[sobol]))
    points = [(p["x"], round(p["y"], 1)) for p in client.get_next_trials(16).values()]
    bad = [(x, y) for x, y in points if x + y > 50]
    for x, y in bad[:1]:
        try:
            client.attach_trial({"x": x, "y": y})
            sys.exit("Changed: Ax attaches points that break a constraint.")
        except ValueError as error:
            print("attached:", error)
    return bad


plain = broken(RangeParameterConfig("x", (0, 100), "float"))
steps = broken(RangeParameterConfig("x", (0, 100), "float", step_size=25))
choices = broken(ChoiceParameterConfig("x", [1, 2, 50], "int", is_ordered=True))
print("without steps:", plain)
print("steps of 25:", steps)
print("choices 1, 2, 50:", choices)
if plain or len(steps) < 6 or not choices:
    sys.exit("Changed: Sobol checks constraints with the parameters' values.")
PY
