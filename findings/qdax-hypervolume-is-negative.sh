#!/usr/bin/env bash
# qdax==0.5.0
# Expected: the hypervolume of a front is what it dominates of the space above the reference point: never negative,
#   and no smaller for one solution more.
# Seen: compute_hypervolume, and the MOQD metrics that are made of it, give a solution that is below the reference
#   point in the second objective a negative area. For the reference point (0, 0), maximised, (1, 1) has 1, with
#   (2, -3) besides it -2. One that is below it in the first objective adds nothing, as it should. The docstrings
#   say nothing of such solutions.
# Matters: to who gives MOME the least acceptable values as its reference point: the score of a cell falls when it
#   gets a solution that nothing dominates, and cells cancel in the sum.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile qdax==0.5.0
"$dir/venv/bin/python" -W ignore - <<'PY'
import sys

import jax.numpy as jnp
from qdax.core.containers.mome_repertoire import MOMERepertoire
from qdax.utils.metrics import default_moqd_metrics
from qdax.utils.pareto_front import compute_hypervolume

ORIGIN = jnp.zeros(2)


def scores(solutions):
    """Hypervolume of the solutions, and the MOQD score of a repertoire of one cell that holds them."""
    fitnesses = jnp.array(solutions)
    repertoire = MOMERepertoire.init(
        genotypes=fitnesses,
        fitnesses=fitnesses,
        descriptors=jnp.full((len(solutions), 1), 0.5),
        centroids=jnp.array([[0.5]]),
        pareto_front_max_length=5,
    )
    metrics = default_moqd_metrics(repertoire, ORIGIN)
    return float(compute_hypervolume(fitnesses, ORIGIN)), float(metrics["moqd_score"][0])


alone = scores([[1.0, 1.0]])
below_in_second = scores([[1.0, 1.0], [2.0, -3.0]])
below_in_first = scores([[1.0, 1.0], [-3.0, 2.0]])
print("hypervolume and MOQD score of (1, 1):", *alone)
print("with (2, -3), below the reference point in the second objective:", *below_in_second)
print("with (-3, 2), below it in the first:", *below_in_first)
if alone != (1, 1) or below_in_first != (1, 1) or below_in_second != (-2, -2):
    sys.exit("Changed: a solution below the reference point no longer takes hypervolume away.")
PY
