#!/usr/bin/env bash
# Platypus-Opt==1.4.1
# Expected: Hypervolume and EpsilonIndicator know the directions of a problem; a front that is better everywhere has
#   more hypervolume and a smaller epsilon, as with objectives that are minimised, and no hypervolume is negative.
# Seen: Hypervolume drops every solution beyond the maximum, which for a maximised objective is the good side: one
#   better than all of the reference set counts nothing (a minimised one beyond its minimum counts in full), and one
#   below the minimum takes volume away, down to a total below 0. EpsilonIndicator does not look at directions:
#   a maximised front that is 0.2 better everywhere has 0.2, one that is 0.2 worse has -0.2.
# Matters: to who scores accuracies against bounds or a reference set that a good run can beat: the better the run, the
#   lower its score. Give negated, minimised objectives.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q Platypus-Opt==1.4.1
"$dir/venv/bin/python" -W ignore - <<'PY'
import sys

from platypus import Direction, EpsilonIndicator, Hypervolume, Problem, Solution


def front(points, direction):
    """Points as they are where objectives are maximised, turned round in [0, 1] where they are minimised."""
    problem = Problem(1, 2)
    problem.directions[:] = direction
    made = []
    for point in points:
        solution = Solution(problem)
        turn = direction == Direction.MINIMIZE
        solution.objectives[:] = [1 - value if turn else value for value in point]
        made.append(solution)
    return made


reference = [(0, 1), (0.5, 0.5), (1, 0)]  # maximised
sets = {
    "one within the bounds": [(0.5, 0.5)],
    "the same, and one better in both": [(0.5, 0.5), (0.9, 1.2)],
    "one with an objective below its minimum": [(0.5, -0.4)],
    "the reference, 0.2 better": [(a + 0.2, b + 0.2) for a, b in reference],
    "the reference, 0.2 worse": [(a - 0.2, b - 0.2) for a, b in reference],
}
found = {}
for name, points in sets.items():
    for direction in Direction.MINIMIZE, Direction.MAXIMIZE:
        judged, against = front(points, direction), front(reference, direction)
        volume = Hypervolume(minimum=[0, 0], maximum=[1, 1])(judged)
        found[name, direction] = round(volume, 6), round(EpsilonIndicator(against)(judged), 6)
    (low, low_epsilon), (high, high_epsilon) = (found[name, d] for d in (Direction.MINIMIZE, Direction.MAXIMIZE))
    print(f"{name}: hypervolume {low:.2f} minimised, {high:.2f} maximised; "
          f"epsilon {low_epsilon:.2f} minimised, {high_epsilon:.2f} maximised")
minimised, maximised = ([found[name, d] for name in sets] for d in (Direction.MINIMIZE, Direction.MAXIMIZE))
if [v for v, _ in minimised[:3]] != [0.25, 0.9, 0] or [v for v, _ in maximised[:3]] != [0.25, 0.25, -0.2]:
    sys.exit("Changed: the hypervolume of maximised objectives.")
if [e for _, e in minimised[3:]] != [-0.2, 0.2] or [e for _, e in maximised[3:]] != [0.2, -0.2]:
    sys.exit("Changed: the epsilon indicator of maximised objectives.")
PY
