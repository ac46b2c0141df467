#!/usr/bin/env bash
# neural-pipeline-search==0.17.0 (NePS)
# Expected: ASHA, and MO-ASHA for several objectives, promote the best third of a rung (eta = 3), as the
#   synchronous methods of the same library do: of many networks at 1 epoch a ninth sees 9, a 27th all 27.
# Seen: all but two of each rung are promoted, the worst among them. The rung's share is counted over those
#   that are not promoted yet: as soon as three wait, the best of the three goes on, so that each new
#   configuration lifts another. 120 evaluations begin with 33 configurations at 1 epoch, and 31, 29 and 27
#   of them come to 3, 9 and 27 epochs, whether one objective is reported or two; successive_halving has
#   81, 27, 9 and 3. async_hb is made of the same brackets. Nothing is raised.
# Matters: to who takes "asha", "moasha" or PriMO (which starts by it) for early stopping, or compares with
#   them: they pay for nearly all epochs. Use "successive_halving", "hyperband" or "mo_hyperband".
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q torch==2.13.0
"$dir/venv/bin/pip" install -q neural-pipeline-search==0.17.0
"$dir/venv/bin/python" -W ignore - <<'PY'
import collections
import sys

import neps


class Space(neps.PipelineSpace):
    x = neps.Float(0.0, 1.0)
    epochs = neps.IntegerFidelity(1, 27)


def evaluations_by_epochs(method, report):
    optimizer = neps.AskAndTell(optimizer=getattr(neps.algorithms, method)(Space()))
    worst_at_the_end = 0.0
    count = collections.Counter()
    for _ in range(120):
        trial = optimizer.ask()
        optimizer.tell(trial.metadata.id, report(trial.config["x"]))
        count[trial.config["epochs"]] += 1
        if trial.config["epochs"] == 27:
            worst_at_the_end = max(worst_at_the_end, trial.config["x"])
    print(method, dict(sorted(count.items())), f"largest loss at 27 epochs: {worst_at_the_end:.2f}")
    return [count[epochs] for epochs in (1, 3, 9, 27)]


def one(x):
    return x


def two(x):
    return [x, 2 * x]


halving = evaluations_by_epochs("successive_halving", one)
asha = evaluations_by_epochs("asha", one)
moasha = evaluations_by_epochs("moasha", two)
if halving != [81, 27, 9, 3] or asha != [33, 31, 29, 27] or moasha != [33, 31, 29, 27]:
    sys.exit("Changed: asha and moasha no longer promote all but two of each rung.")
PY
