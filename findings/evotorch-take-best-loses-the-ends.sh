#!/usr/bin/env bash
# evotorch==0.6.1, torch==2.13.0 (moocore 0.3.2 for comparison)
# Expected: SolutionBatch.take_best(n) of several objectives takes the best fronts, and from the last of them the least
#   crowded solutions, the ends first: by its documentation they are ranked "according how crowding they are".
# Seen: it takes any: compute_pareto_ranks stores the order of the crowding distances where their ranks are meant.
#   Ten of 50 solutions along a front never hold both of its ends, in eleven orders of the batch. GeneticAlgorithm
#   selects by it: on ZDT1 it has less hypervolume after 150 generations than with the order of arg_pareto_sort,
#   which is right, in each of three seeds, and its front ends early.
# Matters: to who uses EvoTorch's genetic algorithms with two objectives: the front is found in part.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile torch==2.13.0
"$dir/venv/bin/pip" install -q --no-compile evotorch==0.6.1 moocore==0.3.2
"$dir/venv/bin/python" -W ignore - <<'PY'
import logging
import sys

logging.disable(logging.CRITICAL)
import moocore
import numpy as np
import torch
from evotorch import Problem, SolutionBatch
from evotorch.algorithms import GeneticAlgorithm
from evotorch.operators import GaussianMutation, SimulatedBinaryCrossOver

as_it_is = SolutionBatch.take_best


def by_sorting(batch, n, *, obj_index=None):
    return batch[torch.cat(batch.arg_pareto_sort().fronts)[:n]]


def problem(function, variables, seed):
    return Problem(["min", "min"], function, bounds=(0, 1), solution_length=variables,
                   vectorized=True, dtype=torch.float64, seed=seed)


def line(x):
    return torch.stack([x[:, 0], 1 - x[:, 0]], -1)


def zdt1(x):
    g = 1 + 9 * x[:, 1:].mean(1)
    return torch.stack([x[:, 0], g * (1 - torch.sqrt(x[:, 0] / g))], -1)


def ends(take, order):
    """How many of the two ends of the front are among ten of 50."""
    batch = SolutionBatch(lined, popsize=50, empty=True)
    batch.set_values(first[order][:, None])
    lined.evaluate(batch)
    taken = take(batch, 10).evals[:, 0]
    return int((taken == 0).sum() + (taken == 1).sum())


def run(seed, take):
    """Hypervolume and largest first objective after 150 generations of 40."""
    SolutionBatch.take_best = take
    searched = problem(zdt1, 10, seed)
    search = GeneticAlgorithm(searched, popsize=40, operators=[
        SimulatedBinaryCrossOver(searched, tournament_size=2, cross_over_rate=1.0, eta=20),
        GaussianMutation(searched, stdev=0.03),
    ])
    for _ in range(150):
        search.step()
    values = search.population.evals.numpy()[:, :2]
    return moocore.hypervolume(values, ref=[1.1, 11]), values[:, 0].max()


lined = problem(line, 1, 0)
first = torch.linspace(0, 1, 50, dtype=torch.float64) ** 3
generator = torch.Generator().manual_seed(0)
orders = [torch.arange(50)] + [torch.randperm(50, generator=generator) for _ in range(10)]
kept = {name: [ends(take, order) for order in orders]
        for name, take in (("take_best", as_it_is), ("arg_pareto_sort", by_sorting))}
for name, counts in kept.items():
    print(f"ends of a front of 50 among ten by {name}: {counts}")
found = {name: [run(seed, take) for seed in (1, 2, 3)]
         for name, take in (("take_best", as_it_is), ("arg_pareto_sort", by_sorting))}
for name, runs in found.items():
    print(f"ZDT1 by {name}: hypervolume", " ".join(f"{volume:.3f}" for volume, _ in runs),
          "the front ends at", " ".join(f"{end:.2f}" for _, end in runs))
if max(kept["take_best"]) == 2 or set(kept["arg_pareto_sort"]) != {2}:
    sys.exit("Changed: which of a front take_best takes.")
if max(found["take_best"])[0] >= min(found["arg_pareto_sort"])[0]:
    sys.exit("Changed: the genetic algorithm finds as much by take_best as by arg_pareto_sort.")
PY
