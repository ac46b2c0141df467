#!/usr/bin/env bash
# ax-platform==1.3.1
# Expected: Client.run_trials obeys the rule that was given by Client.set_early_stopping_strategy, as
#   Client.should_stop_trial_early does.
# Seen: run_trials makes an orchestrator of its own and hands no rule on: of four trials that report three epochs each
#   a rule that stops everything is never asked, and all four are completed. The same rule is asked, and says stop,
#   where the client is asked about a running trial by hand; and the same runner and metric stop all four where
#   an Orchestrator gets the rule in its options.
# Matters: to who writes a runner with stop_trial and saves nothing by it, without a word. Use an Orchestrator, or a
#   loop with should_stop_trial_early.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile torch==2.13.0
"$dir/venv/bin/pip" install -q --no-compile ax-platform==1.3.1
"$dir/venv/bin/python" -W ignore - <<'PY'
import logging
import sys
from collections import Counter

from ax.api.client import Client
from ax.api.configs import RangeParameterConfig
from ax.api.protocols import IMetric, IRunner
from ax.core.trial_status import TrialStatus
from ax.early_stopping.strategies import BaseEarlyStoppingStrategy
from ax.orchestration.orchestrator import Orchestrator, OrchestratorOptions

logging.disable(logging.CRITICAL)
EPOCHS = 3
epochs = Counter()
asked = Counter()


class Training(IRunner):
    def run_trial(self, trial_index, parameterization):
        epochs[trial_index] = 0
        return {}

    def poll_trial(self, trial_index, trial_metadata):
        epochs[trial_index] += 1
        return TrialStatus.COMPLETED if epochs[trial_index] > EPOCHS else TrialStatus.RUNNING

    def stop_trial(self, trial_index, trial_metadata):
        return {}


class Loss(IMetric):
    @classmethod
    def is_available_while_running(cls):
        return True

    def fetch(self, trial_index, trial_metadata):
        return epochs[trial_index], 1 / (1 + epochs[trial_index])


class Always(BaseEarlyStoppingStrategy):
    def _should_stop_trials_early(self, trial_indices, experiment, current_node=None):
        asked["rule"] += 1
        return {index: "always" for index in trial_indices}

    def _is_harmful(self, trial_indices, experiment):
        return False


def prepared():
    epochs.clear()
    asked.clear()
    client = Client(random_seed=1)
    client.configure_experiment([RangeParameterConfig(name="x", parameter_type="float", bounds=(0, 1))])
    client.configure_optimization("-loss")
    client.configure_runner(Training())
    client.configure_metrics([Loss(name="loss")])
    client.configure_generation_strategy(method="fast", initialization_budget=8)
    client.set_early_stopping_strategy(Always())
    return client


def seen(name, client):
    statuses = dict(Counter(trial.status.name for trial in client._experiment.trials.values()))
    print(f"{name}: {statuses}, the rule was asked {asked['rule']} times")
    return statuses, asked["rule"] > 0


client = prepared()
client.run_trials(max_trials=4, parallelism=2, initial_seconds_between_polls=0)
by_client = seen("run_trials", client)

client = prepared()
options = OrchestratorOptions(
    max_pending_trials=2, early_stopping_strategy=Always(), init_seconds_between_polls=0
)
Orchestrator(client._experiment, client._generation_strategy, options).run_n_trials(max_trials=4)
by_orchestrator = seen("Orchestrator", client)

client = prepared()
(index,) = client.get_next_trials(1)
client.attach_data(index, {"loss": 1.0}, progression=1)
print("by hand:", client.should_stop_trial_early(index))
if by_client != ({"COMPLETED": 4}, False) or by_orchestrator != ({"EARLY_STOPPED": 4}, True):
    sys.exit("Changed: run_trials asks the early stopping strategy of the client.")
PY
