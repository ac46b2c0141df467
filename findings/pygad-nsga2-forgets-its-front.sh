#!/usr/bin/env bash
# pygad==3.9.2
# Expected: parent_selection_type="nsga2" is NSGA-II: the next population is the best of parents and children, so
#   that what is on the front stays until something dominates it or the front is too large.
# Seen: it chooses parents only. Of the population keep_elitism solutions live on, by default one, and all others
#   are children: on a front of two parameters the population's hypervolume falls in two generations of five and
#   more, and ends below what had been found. With half of the population kept it ends higher in each of five seeds.
# Matters: to who takes the last population, or GA.pareto_fronts, for the result of the search.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q pygad==3.9.2
"$dir/venv/bin/python" -W ignore - <<'PY'
import sys

import numpy as np
import pygad


def evaluate(ga, solution, index):
    x, y = solution  # to be maximised: the front is y = 0
    return [-(x**2) - y, -((x - 1) ** 2) - y]


def volume(fitness):
    """Hypervolume over (-1.1, -1.1): a staircase from the best first objective down."""
    area, above = 0.0, -1.1
    for first, second in sorted(fitness.tolist(), reverse=True):
        if first > -1.1 and second > above:
            area += (first + 1.1) * (second - above)
            above = second
    return area


def search(seed, **options):
    """Hypervolume of each generation, and of all that was evaluated."""
    populations = []
    ga = pygad.GA(
        num_generations=100,
        num_parents_mating=20,
        sol_per_pop=40,
        num_genes=2,
        gene_space=[{"low": 0, "high": 1}] * 2,
        fitness_func=evaluate,
        parent_selection_type="nsga2",
        random_seed=seed,
        suppress_warnings=True,
        on_fitness=lambda ga, fitness: populations.append(np.array(fitness)),
        **options,
    )
    ga.run()
    populations.append(np.array(ga.last_generation_fitness))
    return np.array([volume(fitness) for fitness in populations]), volume(np.concatenate(populations))


forgets = True
for seed in range(5):
    generations, ever = search(seed)
    kept, _ = search(seed, keep_elitism=20)
    falls = (np.diff(generations) < -1e-9).mean()
    print(f"seed {seed}: falls in {falls:.0%} of generations, ends at {generations[-1]:.4f} of {ever:.4f} found; "
          f"with keep_elitism=20 at {kept[-1]:.4f}")
    forgets &= falls > 0.4 and generations[-1] < ever - 0.001 and kept[-1] > generations[-1]
if not forgets:
    sys.exit("Changed: the front is no longer forgotten from one generation to the next.")
PY
