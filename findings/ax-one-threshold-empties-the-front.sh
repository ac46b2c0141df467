#!/usr/bin/env bash
# ax-platform==1.3.1
# Expected: of two objectives, a threshold on one ("a >= 2") takes the points that miss it out of
#   get_pareto_frontier, and leaves the other objective free (Ax completes it when it proposes).
# Seen: with one threshold the observed front is empty, whichever objective has it, though three of
#   three, or two of three, points meet it. No threshold gives 3 points, both give the 2 that meet both.
# Matters: to who reads the front to see whether anything was found. Give all thresholds, or none.
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
from ax.api.configs import RangeParameterConfig
from ax.generation_strategy.generation_node import GenerationNode
from ax.generation_strategy.generation_strategy import GenerationStrategy
from ax.generation_strategy.generator_spec import GeneratorSpec

logging.disable(logging.CRITICAL)


def front(thresholds):
    """How many of (1, 1), (5, 5) and (9, 9) are on the front for a to the right, b to the left."""
    client = Client()
    client.configure_experiment([RangeParameterConfig("x", (0, 10), "float")])
    client.configure_optimization("a, -b", outcome_constraints=thresholds)
    sobol = GenerationNode(name="Sobol", generator_specs=[GeneratorSpec(Generators.SOBOL)])
    client.set_generation_strategy(GenerationStrategy(nodes=[sobol]))
    for value in (1.0, 5.0, 9.0):
        client.complete_trial(client.attach_trial({"x": value}), {"a": value, "b": value})
    return len(client.get_pareto_frontier(use_model_predictions=False))


sizes = [front(t) for t in (None, ["a >= 0"], ["b <= 6"], ["a >= 0", "b <= 6"])]
print("points with no threshold, a >= 0, b <= 6, both:", sizes)
if sizes != [3, 0, 0, 2]:
    sys.exit("Changed: the front with a threshold on one of two objectives.")
PY
