"""Finite search spaces, to their last configuration."""

import pytest
from ax.api.client import Client
from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig
from ax.exceptions.core import SearchSpaceExhausted

from ax_lamoo.encoding import encoding_of
from ax_lamoo.exhaustion import untried
from lamoo import Partition

from .conftest import COLOUR, FIXED, FLAG

I, J = (RangeParameterConfig(name=name, parameter_type="int", bounds=(0, 3)) for name in "ij")
TREE = [
    ChoiceParameterConfig(
        name="kind",
        parameter_type="str",
        values=["p", "q"],
        is_ordered=False,
        dependent_parameters={"p": ["i"], "q": ["flag"]},
    ),
    I,
    FLAG,
]
#: name -> parameters, linear constraints, and all configurations.
FINITE = {
    "choices": ([COLOUR, FLAG], [], 3 * 2),
    "constrained": ([I, J], ["i + j <= 2"], 6),
    "hierarchical": (TREE, [], 4 + 2),
    "fixed": ([FIXED], [], 1),
}


def outcomes(params):
    number = float(sum(ord(c) for c in str(sorted(params.items()))) % 17)
    return {"a": number, "b": (number - 5) ** 2}


def asked_in_batches(client, q):
    """Ask for batches until there are no more, and return all configurations."""
    asked = []
    for _ in range(100):
        try:
            batch = client.get_next_trials(max_trials=q)
        except SearchSpaceExhausted:
            return asked
        for index, params in batch.items():
            client.complete_trial(index, outcomes(params))
            asked.append(tuple(sorted(params.items())))
    raise AssertionError(asked)


@pytest.mark.parametrize(("budget", "solver"), [(3, "gp"), (100, "gp"), (3, "qlognehvi")])
@pytest.mark.parametrize("name", FINITE)
def test_batches_reach_the_last_configuration(name, budget, solver, client):
    parameters, constraints, size = FINITE[name]
    made = client(
        parameters,
        parameter_constraints=constraints,
        initialization_budget=budget,
        solver=solver,
        partition=Partition(leaf_size=2),
    )
    asked = asked_in_batches(made, 4)
    assert len(asked) == len(set(asked)) == size


def test_after_loading_batches_do_the_same(client, run, tmp_path):
    made = client([I, J])
    run(made, 5)
    made.save_to_json_file(str(tmp_path / "saved.json"))
    again = Client.load_from_json_file(str(tmp_path / "saved.json"))
    assert len(again.get_next_trials(max_trials=20)) == 16 - 5
    with pytest.raises(SearchSpaceExhausted):
        again.get_next_trials(max_trials=1)


def test_a_batch_trial_holds_what_is_left(client, run):
    made = client([I, J])
    run(made, 5)
    ((generated,),) = made._generation_strategy.gen(experiment=made._experiment, n=20)
    tried = {arm.signature for arm in made._experiment.arms_by_name.values()}
    assert len({arm.signature for arm in generated.arms} - tried) == len(generated.arms) == 11


def test_by_axs_acquisition_a_batch_trial_holds_what_is_left(client, run):
    made = client([I, J], solver="qlognehvi", partition=Partition(leaf_size=3))
    run(made, 6)
    ((generated,),) = made._generation_strategy.gen(experiment=made._experiment, n=20)
    tried = {arm.signature for arm in made._experiment.arms_by_name.values()}
    assert len({arm.signature for arm in generated.arms} - tried) == len(generated.arms) == 10


def test_by_axs_acquisition_what_failed_or_was_stopped_early_is_not_asked_for_again(client):
    made = client([FLAG, J], solver="qlognehvi", initialization_budget=4)
    asked = []
    for number in range(2 * 4):
        ((index, params),) = made.get_next_trials(max_trials=1).items()
        asked.append(str(sorted(params.items())))
        if number == 3:
            made.mark_trial_failed(index)
            continue
        stopped = number % 3 == 2
        for step in range(1, 3 if stopped else 4):
            made.attach_data(index, outcomes(params), progression=step)
        (made.mark_trial_early_stopped if stopped else made.complete_trial)(index)
    assert len(asked) == len({*asked})
    with pytest.raises(SearchSpaceExhausted, match="Every configuration"):
        made.get_next_trials(max_trials=1)


def test_with_one_objective_nothing_is_drawn_where_nothing_is_left(client, run):
    made = client([FLAG], "-a", initialization_budget=1)
    run(made, 2, outcomes)
    with pytest.raises(SearchSpaceExhausted, match="Every configuration"):
        made.get_next_trials(max_trials=1)


def test_what_is_fixed_leaves_fewer_and_the_error_says_what_to_do(client, run):
    made = client([I, J], initialization_budget=0)
    run(made, 2, fixed_parameters={"i": 1})
    with pytest.raises(SearchSpaceExhausted, match="ask for fewer"):
        made.get_next_trials(max_trials=8, fixed_parameters={"i": 1})
    assert len(made.get_next_trials(max_trials=2, fixed_parameters={"i": 1})) == 2
    with pytest.raises(SearchSpaceExhausted, match=r"with \{'i': 1, 'j': 1\} fixed was tried"):
        made.get_next_trials(max_trials=1, fixed_parameters={"i": 1, "j": 1})


@pytest.mark.parametrize("name", FINITE)
def test_what_is_left_is_counted(name, client, run):
    parameters, constraints, size = FINITE[name]
    made = client(parameters, parameter_constraints=constraints)._experiment
    assert untried([], encoding_of(made.search_space)) == size


def test_real_numbers_are_never_all_tried(client):
    x = RangeParameterConfig(name="x", parameter_type="float", bounds=(0, 1))
    assert untried([], encoding_of(client([x, I])._experiment.search_space)) == float("inf")
