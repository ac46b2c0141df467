#!/usr/bin/env bash
# optuna==5.0.0, optuna-dashboard==0.21.0
# Expected: the dashboard of Optuna 5 shows which trials violate the constraints that Trial.set_constraint names, as
#   Optuna's own plots and best_trials do.
# Seen: it reads only what a sampler's constraints_func leaves, which 5.0 deprecates. To its page a trial with named
#   ones has no constraints at all, and that counts as feasible: infeasible trials that dominate are the front of its
#   plots.
# Matters: to who picks a configuration on the dashboard: read study.best_trials instead.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile optuna==5.0.0 optuna-dashboard==0.21.0
"$dir/venv/bin/python" -W ignore - <<'PY'
import json
import sys
from wsgiref.util import setup_testing_defaults

import optuna
import optuna_dashboard

optuna.logging.set_verbosity(optuna.logging.ERROR)
POINTS = [0.1, 0.4, 0.6, 0.9]  # the first two violate the constraint, and dominate the others


def violation(x):
    return 0.5 - x


def study(named):
    """Two objectives that agree, and a constraint that is told in one of two ways."""

    def constraints_func(trial):
        return (violation(trial.params["x"]),)

    def objective(trial):
        x = trial.suggest_float("x", 0, 1)
        if named:
            trial.set_constraint("memory", violation(x))
        return x, 2 * x

    sampler = optuna.samplers.TPESampler(seed=0, constraints_func=None if named else constraints_func)
    new = optuna.create_study(directions=["minimize"] * 2, sampler=sampler, storage=optuna.storages.InMemoryStorage())
    for x in POINTS:
        new.enqueue_trial({"x": x})
    new.optimize(objective, n_trials=len(POINTS))
    return new


def shown(new):
    """What the dashboard's page receives of the study."""
    environment = {"PATH_INFO": f"/api/studies/{new._study_id}", "QUERY_STRING": "after=0"}
    setup_testing_defaults(environment)
    answer = b"".join(optuna_dashboard.wsgi(new._storage)(environment, lambda *response: None))
    return json.loads(answer)


seen = {}
for named in (False, True):
    new = study(named)
    page = shown(new)
    best = [trial.number for trial in new.best_trials]
    constraints = [trial["constraints"] for trial in page["trials"]]
    told = [list(trial.constraints.values()) for trial in new.trials]
    seen[named] = best, told == constraints, constraints
    print(f"{'set_constraint' if named else 'constraints_func'}: the best of Optuna are {best}; of the constraints")
    print(f"   {told} the dashboard's page receives {constraints}")
if any(best != [2] for best, _, _ in seen.values()):
    sys.exit("Changed: the best trials of Optuna.")
if not seen[False][1] or seen[True][2] != [[]] * len(POINTS):
    sys.exit("Changed: which constraints the dashboard's page receives.")
PY
