#!/usr/bin/env bash
# py-paretoarchive==1.0 (pandas 3.0.6, numpy 2.4.6)
# Expected: np_pareto(a, b) says which of some points in two objectives are on the front, as pandas_pareto does of a
#   table of two columns: the text and the error speak of at least two.
# Seen: of two columns it raises "At least two columns are required for Pareto front calculation."; from three on it
#   works. A third column of ones gives what pandas_pareto gives of the two.
# Matters: to the commonest case of all. Use pandas_pareto, or add a constant column.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q py-paretoarchive==1.0 pandas==3.0.6 numpy==2.4.6
"$dir/venv/bin/python" -W ignore - <<'PY'
import sys

import numpy as np
import pandas as pd
from paretoarchive import np_pareto, pandas_pareto

a, b = np.array([1.0, 2.0, 3.0, 3.0]), np.array([3.0, 2.0, 1.0, 3.0])
table = pandas_pareto(pd.DataFrame({"a": a, "b": b}), ["a", "b"]).index.tolist()
try:
    two = np_pareto(a, b).tolist()
except AssertionError as error:
    two = f"AssertionError: {error}"
three = np.flatnonzero(np_pareto(a, b, np.ones(4))).tolist()
print(f"a table of two columns: {table}\ntwo arrays: {two}\ntwo arrays and ones: {three}")
if table != [0, 1, 2] or three != [0, 1, 2] or "At least two" not in str(two):
    sys.exit("Changed: what np_pareto makes of two objectives.")
PY
