#!/usr/bin/env bash
# botorch==0.18.1 (torch 2.13.0, ninja 1.13.2)
# Expected: making a multi-objective acquisition of the pure Python package BoTorch costs milliseconds
#   and needs nothing but what is installed.
# Seen: the first qLogExpectedHypervolumeImprovement of a machine runs a C++ compiler and ninja, if they
#   are there: tens of seconds of CPU time, and a library in the user's cache of torch extensions.
#   Every later process loads that. Without a compiler it warns, and computes in Python.
# Matters: to clusters with a read-only or shared home, to who times a first proposal, and to many
#   processes that start at once: all wait for the one that compiles. Processes that wait do so by a
#   lock file in that cache and without a limit; one that was killed while it compiled leaves the lock.
#   TORCH_EXTENSIONS_DIR moves the cache, and an acquisition made beforehand fills it.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q torch==2.13.0 ninja==1.13.2
"$dir/venv/bin/pip" install -q botorch==0.18.1
export TORCH_EXTENSIONS_DIR="$dir/extensions" PATH="$dir/venv/bin:$PATH"
cat > "$dir/first.py" <<'PY'
import resource
import sys
import warnings
from pathlib import Path

import torch
from botorch.acquisition.multi_objective.logei import qLogExpectedHypervolumeImprovement
from botorch.models import SingleTaskGP
from botorch.utils.multi_objective.box_decompositions import NondominatedPartitioning


def seconds():
    """CPU seconds of this process and those that it started."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


X = torch.rand(8, 2, dtype=torch.double)
Y = torch.stack([X.sum(-1), -X[:, 0]], dim=-1)
model, reference = SingleTaskGP(X, Y), torch.tensor([-1.0, -1.0], dtype=torch.double)
before = seconds()
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    qLogExpectedHypervolumeImprovement(
        model, reference, NondominatedPartitioning(ref_point=reference, Y=Y)
    )
if any("Failed to compile" in str(w.message) for w in caught):
    sys.exit("No C++ compiler here: nothing to see.")
made = [p.name for p in Path(sys.argv[1]).rglob("*.so")]
print(f"{seconds() - before:.1f} CPU seconds; libraries in the cache: {made}")
PY
first=$("$dir/venv/bin/python" "$dir/first.py" "$TORCH_EXTENSIONS_DIR")
second=$("$dir/venv/bin/python" "$dir/first.py" "$TORCH_EXTENSIONS_DIR")
echo "first process:  $first"
echo "second process: $second"
python3 - "$first" "$second" <<'PY'
import sys

first, second = (float(text.split()[0]) for text in sys.argv[1:])
if first < 5 * second or ".so" not in sys.argv[1]:
    sys.exit("Changed: what a first acquisition costs.")
PY
