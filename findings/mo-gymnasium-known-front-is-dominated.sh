#!/usr/bin/env bash
# mo-gymnasium==1.3.2, numpy==2.4.6
# Expected: env.pareto_front(gamma) is the known front that results are measured against: no policy dominates it.
# Seen: in resource-gathering-v0 every value is discounted once too often (a reward at step 10 by gamma**10, where the
#   other environments and the episode statistics of the same package take gamma**9), and the best policy is missing:
#   both resources, around both enemies, in 18 steps without any risk. With gamma 0.99 three walks without chance
#   dominate all that is listed; with gamma 1 one walk alone does. (Filed upstream as issue 104 from learned values, and
#   closed: too few samples. These walks need none.)
# Matters: to MORL papers and MORL-Baselines, which measure IGD, expected utility loss and hypervolume against it: a
#   perfect learner has an IGD above 0, and more hypervolume than the optimum.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q mo-gymnasium==1.3.2 numpy==2.4.6
"$dir/venv/bin/python" -W ignore - 2> "$dir/log" <<'PY' || { tail -n 5 "$dir/log"; exit 1; }
import sys

import mo_gymnasium
import numpy as np
from mo_gymnasium.wrappers import MORecordEpisodeStatistics

UP, DOWN, LEFT, RIGHT = range(4)
WALKS = {
    "gem": "RRUUU DDDLL",
    "gold": "LUUUUR LDDDDR",
    "both, around the enemies": "RRUUU LDLLUUR LDDDDR",
}
ACTIONS = {"U": UP, "D": DOWN, "L": LEFT, "R": RIGHT}


def walked(walk, gamma, seed):
    """The discounted return, counted by the package's own wrapper; no walk enters a cell of an enemy."""
    env = MORecordEpisodeStatistics(mo_gymnasium.make("resource-gathering-v0"), gamma=gamma)
    env.reset(seed=seed)
    for action in walk.replace(" ", ""):
        *_, terminated, _, info = env.step(ACTIONS[action])
    if not terminated:
        sys.exit("Changed: a walk no longer ends at home.")
    return np.round(info["episode"]["dr"].astype(float), 5)


def dominates(a, b):
    return bool(np.all(a >= b) and np.any(a > b))


for gamma in (0.99, 1.0):
    known = np.array(mo_gymnasium.make("resource-gathering-v0").unwrapped.pareto_front(gamma))
    found = {name: walked(walk, gamma, 0) for name, walk in WALKS.items()}
    if any(not np.array_equal(found[name], walked(walk, gamma, seed)) for name, walk in WALKS.items()
           for seed in range(1, 20)):
        sys.exit("Changed: a walk depends on chance.")
    beaten = [any(dominates(values, point) for values in found.values()) for point in known]
    print(f"gamma {gamma}: known {np.round(known, 3).tolist()}; walked "
          + ", ".join(f"{name} {np.round(values, 3).tolist()}" for name, values in found.items())
          + f"; {sum(beaten)} of {len(known)} known are dominated")
    if not all(beaten):
        sys.exit("Changed: the known front of resource gathering is no longer dominated.")
    if gamma == 1 and not all(dominates(found["both, around the enemies"], point) for point in known):
        sys.exit("Changed: one walk no longer dominates the whole front.")
PY
