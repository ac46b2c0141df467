#!/usr/bin/env bash
# ConfigSpace==1.2.2, numpy==2.4.6
# Expected: a float parameter, on a log scale above all, has the values that its bounds say, with a
#   relative precision, and a configuration holds the value that it was given.
# Seen: every value is rounded to 13 places after the point. Of log-uniform [1e-12, 1e-6] 1,000
#   samples have 876 values, [0, 1e-11] has 101, 1.234567e-9 is kept as 1.2346e-9 without a
#   word, and bounds of 1e-16 and 1e-10 are refused as "illegal settings".
# Matters: to who searches tolerances, jitters or physical quantities in their own units, looks a
#   value up again, or converts spaces. Search the exponent, or scale.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q ConfigSpace==1.2.2 numpy==2.4.6
"$dir/venv/bin/python" - <<'PY'
import sys

from ConfigSpace import Configuration, ConfigurationSpace, Float


def space_of(low, high, log):
    space = ConfigurationSpace(seed=0)
    space.add(Float("x", (low, high), log=log))
    return space


def values(low, high, log):
    return len({c["x"] for c in space_of(low, high, log).sample_configuration(1000)})


counts = [values(1e-8, 1e-2, True), values(1e-12, 1e-6, True), values(0, 1e-11, False)]
kept = float(Configuration(space_of(1e-12, 1e-6, True), values={"x": 1.234567e-9})["x"])
try:
    space_of(1e-16, 1e-10, True)
    refused = False
except ValueError:
    refused = True
print("values in 1,000 samples of [1e-8, 1e-2], [1e-12, 1e-6] and [0, 1e-11]:", counts)
print(f"1.234567e-09 is kept as {kept:g}; [1e-16, 1e-10] is refused: {refused}")
if counts[0] < 990 or counts[1] > 950 or counts[2] > 101 or kept != 1.2346e-9 or not refused:
    sys.exit("Changed: floats are no longer rounded to 13 decimals.")
PY
