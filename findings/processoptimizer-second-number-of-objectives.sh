#!/usr/bin/env bash
# ProcessOptimizer==1.1.2, numpy==2.4.6
# Expected: Optimizer objects are independent: one with three objectives works whether or not one with two has been
#   used in the same process, and neither touches the program's own random numbers.
# Seen: the first multi-objective proposal fixes the number of objectives of the whole process. An Optimizer with
#   another number takes its initial points, and ends at the first proposal that searches for a front with
#   "AssertionError: Assigned values have not the same length than fitness weights"; in a process of its own it runs.
#   And each such proposal seeds Python's `random` with 42: what a program draws afterwards no longer depends on its
#   own seed.
# Matters: to notebooks, comparisons and services that hold several searches. One process for each number of
#   objectives; numpy's generators, or random.Random objects, for what the program draws.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q ProcessOptimizer==1.1.2 numpy==2.4.6
cat > "$dir/search.py" <<'PY'
import random
import sys

import ProcessOptimizer


def search(objectives, seed):
    """What a program that seeded `random` draws after twelve proposals; or the error."""
    random.seed(seed)
    space = [(0.0, 1.0)] * 2
    optimizer = ProcessOptimizer.Optimizer(space, n_initial_points=4, n_objectives=objectives, random_state=0)
    try:
        for _ in range(12):
            x, y = optimizer.ask()
            optimizer.tell([x, y], [(x - k / objectives) ** 2 + y for k in range(objectives)])
    except AssertionError as error:
        return f"AssertionError: {error}"
    return random.random()


for objectives in map(int, sys.argv[1:]):
    first, second = (search(objectives, seed) for seed in (1, 2))
    if isinstance(first, str):
        print(f"{objectives} objectives: {first}")
    else:
        print(f"{objectives} objectives: 12 proposals; the draws of two seeds are then equal: {first == second}")
PY
for order in "2" "3" "2 3" "3 2"; do
    echo "one process, $order:"
    # shellcheck disable=SC2086  # one argument for each number
    "$dir/venv/bin/python" -W ignore "$dir/search.py" $order 2> "$dir/log" || { tail -n 5 "$dir/log"; exit 1; }
done | tee "$dir/seen"
if [ "$(grep -c 'equal: True' "$dir/seen") $(grep -c 'AssertionError: Assigned' "$dir/seen")" != "4 2" ]; then
    echo "Changed: whether searches with different numbers of objectives, and a program's random numbers, are apart."
    exit 1
fi
