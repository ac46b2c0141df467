#!/usr/bin/env bash
# pygmo==2.20.0, numpy==2.4.6
# Expected: a multi-objective optimiser with its default settings ends with a better population than the
#   random one that it was given; the four of this library share an interface and may be exchanged.
# Seen: nspso does not. On the library's own ZDT1 (30 variables, 60 points) the hypervolume of the
#   population is smaller after 400 generations, 24,000 evaluations, than that of its 60 random points,
#   for each of three seeds, and nothing says so. nsga2, moead_gen and maco end near the front. It is
#   not the spread (all three diversity mechanisms do the same) but the coefficients: c1 = c2 = 1.5 in
#   place of 2 ends within a twentieth of the others.
# Matters: to comparisons that take pygmo's swarm as a rival, and to who exchanges optimisers by name.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q pygmo==2.20.0 numpy==2.4.6
"$dir/venv/bin/python" - <<'PY'
import sys

import pygmo

REFERENCE = [1.1, 11.0]


def hypervolume(population):
    values = population.get_f()
    return pygmo.hypervolume(values[(values < REFERENCE).all(axis=1)]).compute(REFERENCE)


makers = {
    "nsga2": lambda seed: pygmo.nsga2(gen=400, seed=seed),
    "moead_gen": lambda seed: pygmo.moead_gen(gen=400, weight_generation="random", seed=seed),
    "maco": lambda seed: pygmo.maco(gen=400, ker=30, seed=seed),
    "nspso": lambda seed: pygmo.nspso(gen=400, seed=seed),
    "nspso, c1 = c2 = 1.5": lambda seed: pygmo.nspso(gen=400, c1=1.5, c2=1.5, seed=seed),
}
starts = [pygmo.population(pygmo.problem(pygmo.zdt(1, 30)), 60, seed=seed) for seed in (1, 2, 3)]
before = [hypervolume(start) for start in starts]
print("60 random points", [round(value, 2) for value in before])
after = {}
for name, make in makers.items():
    ends = [pygmo.algorithm(make(seed)).evolve(start) for seed, start in zip((1, 2, 3), starts)]
    after[name] = [hypervolume(end) for end in ends]
    print(name, [round(value, 2) for value in after[name]])
below = all(end < start for end, start in zip(after["nspso"], before))
others = min(min(values) for name, values in after.items() if name != "nspso")
if not below or others < 11:
    sys.exit("Changed: nspso no longer ends below where it started, or others no longer near the front.")
PY
