"""Tight linear constraints: hardly any uniform point keeps them, and all proposals do."""

import pytest
from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig
from ax.exceptions.core import SearchSpaceExhausted

from ax_lamoo.encoding import encoding_of


def ranges(count, kind="float", high=1):
    """Return parameters x0, x1, ... from 0 on."""
    return [
        RangeParameterConfig(name=f"x{i}", parameter_type=kind, bounds=(0, high))
        for i in range(count)
    ]


def choices(count, values):
    """Return ordered choices x0, x1, ..."""
    return [
        ChoiceParameterConfig(name=f"x{i}", parameter_type="int", values=values, is_ordered=True)
        for i in range(count)
    ]


def total(count):
    """Return the sum of x0, x1, ..."""
    return " + ".join(f"x{i}" for i in range(count))


def in_order(count):
    """Return constraints by which x0, x1, ... do not decrease."""
    return [f"x{i} <= x{i + 1}" for i in range(count - 1)]


def outcomes(params):
    """Return two objectives of numbers."""
    values = [float(value) for value in params.values()]
    return {"a": sum((v - 0.2) ** 2 for v in values), "b": sum((v - 0.8) ** 2 for v in values)}


TIGHT = {
    "order": (ranges(10), in_order(10)),
    "order of integers": (ranges(10, "int", 20), in_order(10)),
    "a small sum": (ranges(12), [f"{total(12)} <= 0.01"]),
    "a band": (ranges(10), [f"{total(10)} <= 1.01", f"{total(10)} >= 0.99"]),
    "one of many choices": (choices(20, [0, 1]), [f"{total(20)} <= 1"]),
    "a budget of integers": (ranges(20, "int", 10), [f"{total(20)} <= 10"]),
    "exactly three bits": (ranges(24, "int"), [f"{total(24)} <= 3", f"{total(24)} >= 3"]),
    "uneven choices": (choices(12, [2, 5, 11]), [f"{total(12)} <= 30"]),
    "mixed": ([*ranges(4, "int", 5), *ranges(12)[4:]], [f"{total(12)} <= 0.5"]),
}


#: The others are of the same kinds.
FIRST = ("order", "a small sum", "a band", "one of many choices", "mixed")


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=() if n in FIRST else pytest.mark.slow) for n in TIGHT]
)
def test_tight_constraints_are_kept_from_the_first_trial_on(name, client, run):
    parameters, constraints = TIGHT[name]
    experiment = client(parameters, parameter_constraints=constraints, solver="evolutionary")
    space = experiment._experiment.search_space
    assert encoding_of(space).space.known.draw is not None
    asked = run(experiment, 6, outcomes)
    assert len({str(params) for params in asked}) == 6
    assert all(space.check_membership(params) for params in asked)


def test_loose_constraints_are_left_to_ax(client):
    experiment = client(ranges(3), parameter_constraints=in_order(3))
    assert encoding_of(experiment._experiment.search_space).space.known.draw is None


def test_every_configuration_of_a_vast_space_with_few_is_tried(client, run):
    limits = [f"{total(16)} <= 1"]
    few = client(ranges(16, "int"), parameter_constraints=limits, solver="random")
    asked = run(few, 17, outcomes)
    assert len({str(params) for params in asked}) == 17
    with pytest.raises(SearchSpaceExhausted, match="Every configuration"):
        few.get_next_trials(max_trials=1)


def test_two_opposite_inequalities_are_an_equality(client, run):
    limits = [f"{total(3)} <= 1", f"{total(3)} >= 1"]
    experiment = client(ranges(3), parameter_constraints=limits, solver="evolutionary")
    asked = run(experiment, 6, outcomes)
    assert [sum(params.values()) for params in asked] == pytest.approx([1.0] * 6, abs=1e-8)
    assert len({str(params) for params in asked}) == 6


def test_the_border_is_allowed_although_it_is_rounded(client, run):
    # 0.1 + 0.2 is a little more than 0.3
    limits = ["0.1*x0 + 0.2*x1 <= 0.3"]
    experiment = client(ranges(2, "int", 2), parameter_constraints=limits, solver="evolutionary")
    asked = run(experiment, 5, outcomes)
    assert {tuple(p.values()) for p in asked} == {(0, 0), (1, 0), (2, 0), (0, 1), (1, 1)}
    with pytest.raises(SearchSpaceExhausted):
        experiment.get_next_trials(max_trials=1)


def test_tight_constraints_beside_what_is_fixed_and_told(client, run):
    experiment = client(
        ranges(10),
        parameter_constraints=in_order(10),
        solver="evolutionary",
        known_constraints=[lambda params: params["x1"] - 0.3],
    )
    asked = run(experiment, 6, outcomes, fixed_parameters={"x5": 0.5})
    assert all(params["x5"] == 0.5 and params["x1"] <= 0.3 for params in asked)
    assert all(experiment._experiment.search_space.check_membership(p) for p in asked)
    assert len({str(params) for params in asked}) == 6


#: Two inequalities that leave an equality, or hardly more, in other words each.
EQUALITIES = {
    "integers": (ranges(2, "int", 7), ["x0 + x1 <= 7", "x0 + x1 >= 7"]),
    "integers with some room": (ranges(2, "int", 7), ["x0 + x1 <= 7.1", "x0 + x1 >= 6.999"]),
    "integers at a border": (ranges(2, "int", 7), ["x0 + x1 <= 7.4", "x0 + x1 >= 7"]),
    "one of them doubled": (ranges(3), [f"{total(3)} <= 1", "2*x0 + 2*x1 + 2*x2 >= 2"]),
    "a little room": (ranges(3), [f"{total(3)} <= 1", f"{total(3)} >= 0.9999999"]),
    "vast weights": (ranges(2), ["1e9*x0 + 1e9*x1 <= 1e9", "1e9*x0 + 1e9*x1 >= 1e9"]),
    "tiny weights": (ranges(2), ["1e-13*x0 + 1e-13*x1 <= 1e-13", "1e-13*x0 + 1e-13*x1 >= 1e-13"]),
}


@pytest.mark.parametrize("name", EQUALITIES)
def test_equalities_in_disguise_are_kept_from_the_first_trial_on(name, client, run):
    parameters, constraints = EQUALITIES[name]
    experiment = client(parameters, parameter_constraints=constraints, solver="evolutionary")
    asked = run(experiment, 7, outcomes)
    assert all(experiment._experiment.search_space.check_membership(p) for p in asked)
    expected = 7 if "integers" in name else 1
    assert [sum(p.values()) for p in asked] == pytest.approx([expected] * 7, abs=1e-6)
    assert len({str(params) for params in asked}) == 7


def test_only_what_leaves_no_room_is_solved_for(client):
    def solved(*constraints):
        made = client(ranges(3), parameter_constraints=list(constraints))
        return len(encoding_of(made._experiment.search_space).linear.solved)

    assert solved("x0 + x1 <= 1", "2*x0 + 2*x1 >= 2") == 1
    assert solved("x0 + x1 <= 1", "x0 + x1 >= 1", "x0 + x1 >= 1", "x0 + x1 <= 1") == 1
    assert solved("x0 + x1 <= 1", "x0 + x1 >= 1", "x1 + x2 >= 1", "x1 + x2 <= 1") == 2
    assert solved("x0 + x1 <= 1", "x0 + x1 >= 0.999") == 0
    assert solved("x0 + x1 <= 1", "x0 + x2 >= 1") == 0
    assert solved("x0 + x1 <= 1", "x0 + x1 >= 1.001") == 0


def test_tiny_weights_say_as_much_as_others(client, run):
    limits = [f"1e-12*x{i} <= 1e-12*x{i + 1}" for i in range(7)]
    asked = run(client(ranges(8), parameter_constraints=limits, solver="random"), 6, outcomes)
    assert all(list(p.values()) == pytest.approx(sorted(p.values()), abs=1e-8) for p in asked)


CONTRADICTIONS = {
    "real": (ranges(3), ["x0 + x1 >= 1.5", "x0 + x1 <= 1.2"], {}),
    "out of range": (ranges(2), ["x0 + x1 >= 2.5"], {}),
    "integers": (ranges(2, "int", 9), ["2*x0 + 2*x1 <= 7", "2*x0 + 2*x1 >= 7"], {}),
    "fixed": (ranges(8), in_order(8), {"x0": 0.9, "x5": 0.1}),
    "an equality of what is fixed": (
        ranges(3),
        [f"{total(3)} <= 1", f"{total(3)} >= 1"],
        {"x0": 0.75, "x1": 0.5},
    ),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_constraints_that_nothing_keeps_are_named_before_any_trial(name, client):
    parameters, constraints, fixed = CONTRADICTIONS[name]
    experiment = client(parameters, parameter_constraints=constraints)
    with pytest.raises(SearchSpaceExhausted) as caught:
        experiment.get_next_trials(max_trials=1, fixed_parameters=fixed)
    assert not experiment._experiment.trials
    text = str(caught.value)
    first = constraints[0].replace("x0 <= x1", "x0 - x1 <= 0")  # Ax has numbers on the right
    assert f"parameter_constraints ['{first}'" in text
    assert str(fixed) in text or not fixed
    assert "known_constraints" not in text, "nobody gave any"


def test_constraints_of_both_kinds_are_named(client):
    experiment = client(
        ranges(2),
        parameter_constraints=["x0 + x1 <= 1"],
        known_constraints=[lambda params: 1.5 - params["x0"] - params["x1"]],
    )
    both = r"'x0 \+ x1 <= 1'\] and known_constraints: no"
    with pytest.raises(SearchSpaceExhausted, match=both):
        experiment.get_next_trials(max_trials=1)
