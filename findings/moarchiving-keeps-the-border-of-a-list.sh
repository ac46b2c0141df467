#!/usr/bin/env bash
# moarchiving==1.1.0
# Expected: an archive with a reference point holds the same points whether they come in a list or one by one: only
#   what is better than the reference point in every objective, as in_domain says.
# Seen: with three objectives a list may bring in points whose last objective equals the reference point's. [1, 0, 7]
#   with the reference point [7, 7, 7] is in an archive made of a list, is refused by add, and in_domain says
#   False; it has no hypervolume. With the 7 in the first or second place it is left out both ways, and so it is
#   with two objectives.
# Matters: to who counts the size of a front, or compares archives that were filled in different ways. Add the points
#   one by one.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q moarchiving==1.1.0
"$dir/venv/bin/python" -W ignore - <<'PY'
import sys

from moarchiving import get_mo_archive


def sizes(point):
    """How many points an archive holds that gets `point` in a list, and one to which it is added."""
    reference = [7.0] * len(point)
    of_list = get_mo_archive([point], reference_point=reference)
    by_add = get_mo_archive(reference_point=reference, n_obj=len(point))
    by_add.add(point)
    held = len(list(of_list)), len(list(by_add))
    print(f"{point}: in a list {held[0]}, added {held[1]}, in the domain {by_add.in_domain(point)}, "
          f"hypervolume {float(of_list.hypervolume)}")
    return held


last = sizes([1.0, 0.0, 7.0])
others = [sizes(point) for point in ([1.0, 7.0, 0.0], [7.0, 1.0, 0.0], [1.0, 0.0, 8.0], [1.0, 7.0], [7.0, 1.0])]
inside = sizes([1.0, 0.0, 6.9])
if last != (1, 0) or set(others) != {(0, 0)} or inside != (1, 1):
    sys.exit("Changed: which points on the border an archive of three objectives keeps.")
PY
