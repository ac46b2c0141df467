#!/usr/bin/env bash
# qdax==0.5.0
# Expected: a cell of a MOME repertoire whose Pareto front has reached pareto_front_max_length gives up one of its
#   solutions, by crowding, by hypervolume or by chance, for one from an empty part of the front.
# Seen: it is closed to all that does not dominate one of its own. Of 200 solutions along a front a cell of three keeps
#   the first three, side by side; neither the middle nor the other end enters, and its hypervolume stays 2 of 50.
#   Where the two ends and the middle came first it has 26. The docstrings call the length the maximum size of the
#   fronts, and say no more; nothing is reported.
# Matters: to who sets the length to what the memory allows: the order of arrival decides what a cell holds, and
#   early solutions of a long search stay. Compare the number of solutions with the length before you trust a cell.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile qdax==0.5.0
"$dir/venv/bin/python" -W ignore - <<'PY'
import sys

import jax.numpy as jnp
import numpy as np
from qdax.core.containers.mome_repertoire import MOMERepertoire
from qdax.utils.pareto_front import compute_hypervolume


def cell(front, length):
    """What the only cell of a repertoire holds after all of `front` was offered in order."""
    solutions = jnp.array(front)
    repertoire = MOMERepertoire.init(
        genotypes=solutions,
        fitnesses=solutions,
        descriptors=jnp.full((len(front), 1), 0.5),
        centroids=jnp.array([[0.5]]),
        pareto_front_max_length=length,
    )
    held = repertoire.fitnesses[0]
    return held[held[:, 0] > -jnp.inf]


def volume(points):
    return float(compute_hypervolume(points, jnp.zeros(2)))


first = np.linspace(0.1, 9.9, 200)
along = np.column_stack([first, 10 - first])  # maximised; nothing dominates another
orders = {"from one end on": along, "both ends and the middle first": along[np.r_[0, 199, 99, 1:99, 100:199]]}
held = {}
for name, front in orders.items():
    for length in 3, 250:
        points = cell(front, length)
        held[name, length] = points
        print(f"{name}, length {length}: {len(points)} held, hypervolume {volume(points):.1f}")
        if length == 3:
            print("   they are", np.round(np.asarray(points), 2).tolist())
kept = held["from one end on", 3], held["both ends and the middle first", 3]
if not np.allclose(kept[0], along[:3], atol=1e-5) or volume(kept[1]) < 10 * volume(kept[0]):
    sys.exit("Changed: a full cell no longer keeps the three that came first.")
if any(len(held[name, 250]) != 200 for name in orders):
    sys.exit("Changed: a cell that is large enough no longer holds all of the front.")
PY
