#!/usr/bin/env bash
# paretoset==1.2.5
# Expected: paretorank gives equal rows equal ranks, and a row's rank is one more than the best that dominates it has.
# Seen: by default every copy gets a rank of its own: of three equal rows on the front one has rank 1 and the others 2
#   and 3, behind a dominated row of rank 2. What they dominate comes after all of them, at 4 in place of 2. It is
#   what `distinct=True`, the default, means; with distinct=False the ranks are those of the non-dominated sort.
# Matters: to integer and tabular spaces, where equal results are common: who selects by these ranks prefers what is
#   dominated to a copy of the best. Say distinct=False.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q paretoset==1.2.5
"$dir/venv/bin/python" -W ignore - <<'PY'
import sys

import numpy as np
from paretoset import paretorank

rows = np.array([[1, 3], [1, 3], [1, 3], [3, 1], [3, 2], [1, 4], [4, 4]])
ranks = {
    "by default": paretorank(rows).tolist(),
    "distinct=False": paretorank(rows, distinct=False).tolist(),
    "without the copies": paretorank(rows[2:]).tolist(),
}
for name, values in ranks.items():
    print(f"{name}: {values}")
print("the rows:", rows.tolist())
if list(ranks.values()) != [[1, 2, 3, 1, 2, 4, 5], [1, 1, 1, 1, 2, 2, 3], [1, 1, 2, 2, 3]]:
    sys.exit("Changed: the ranks that copies get from paretorank.")
PY
