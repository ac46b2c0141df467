#!/usr/bin/env bash
# ax-platform==1.3.1
# Expected: a parameter with `is_fidelity=True` and a `target_value` is a budget: the default strategy
#   proposes cheap trials, or all at the target.
# Seen: the start-up draws the fidelity like any other parameter, and the first proposal of the model,
#   after five trials, raises "TypeError: Unexpected keyword argument `target_fidelities`", and so does
#   each one after it. Without the mark the experiment goes on.
# Matters: to who moves a multi-fidelity experiment to the default strategy: the trials of the start-up
#   are lost, and nothing before them says so.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q torch==2.13.0
"$dir/venv/bin/pip" install -q ax-platform==1.3.1
"$dir/venv/bin/python" - <<'PY'
import logging
import sys
import warnings

warnings.simplefilter("ignore")
import pandas as pd
from ax.api.utils.generation_strategy_dispatch import choose_generation_strategy
from ax.api.utils.structs import GenerationStrategyDispatchStruct
from ax.core.data import Data
from ax.core.experiment import Experiment
from ax.core.metric import Metric
from ax.core.objective import Objective
from ax.core.optimization_config import OptimizationConfig
from ax.core.parameter import ParameterType, RangeParameter
from ax.core.search_space import SearchSpace

logging.disable(logging.CRITICAL)


def run(**mark):
    """Return how many of seven trials began, and what ended them."""
    x = RangeParameter("x", ParameterType.FLOAT, 0, 1)
    budget = RangeParameter("budget", ParameterType.FLOAT, 0.1, 1, **mark)
    loss = Objective(metric=Metric("loss", lower_is_better=True), minimize=True)
    experiment = Experiment(
        SearchSpace([x, budget]), optimization_config=OptimizationConfig(loss), name="budgets"
    )
    strategy = choose_generation_strategy(GenerationStrategyDispatchStruct())
    for begun in range(7):
        try:
            proposed = strategy.gen_single_trial(experiment)
        except TypeError as error:
            return begun, str(error)
        trial = experiment.new_trial(proposed).mark_running(no_runner_required=True)
        row = {"arm_name": trial.arm.name, "trial_index": trial.index, "sem": 0.0}
        row |= {"metric_name": "loss", "metric_signature": "loss", "mean": trial.arm.parameters["x"]}
        experiment.attach_data(Data(df=pd.DataFrame([row])))
        trial.mark_completed()
    return 7, None


marked, plain = run(is_fidelity=True, target_value=1.0), run()
print("fidelity:", marked)
print("plain:", plain)
if marked[1] is None or "target_fidelities" not in marked[1] or plain != (7, None):
    sys.exit("Changed: the default strategy, with a fidelity.")
PY
