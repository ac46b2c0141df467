"""What a user of the sampler can do with it, and what it says when something is wrong."""

import copy
import pickle
import warnings

import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import PartialFixedSampler, RandomSampler
from optuna.trial import TrialState, create_trial

import lamoo.gp.sample
import lamoo.task
import optuna_lamoo.sampler
from lamoo import Partition
from optuna_lamoo import LaMOOSampler, decision

SOLVERS = ["gp", "gp-fast", "evolutionary", "random", "cma"]
UNIT = FloatDistribution(0, 1)
TWO = ("minimize", "minimize")


def new_study(directions=TWO, **arguments):
    arguments = {"seed": 4, "n_startup_trials": 5, **arguments}
    return optuna.create_study(directions=directions, sampler=LaMOOSampler(**arguments))


def parabolas(trial):
    x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)
    return (x - 0.2) ** 2 + y**2, (x - 0.8) ** 2 + y**2


def drawn(study):
    return [trial.params for trial in study.trials]


# ---- Does it search? ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("solver", "seed"),
    [
        ("gp", 0),
        ("evolutionary", 0),
        ("evolutionary", 1),
        pytest.param("gp", 1, marks=pytest.mark.slow),
    ],
)
def test_later_trials_are_nearer_to_the_front(solver, seed):
    # The Pareto set is y = 0, .2 <= x <= .8. A uniform y is below .1 in one of ten trials.
    study = new_study(solver=solver, seed=seed, partition=Partition(leaf_size=5))
    study.optimize(parabolas, n_trials=40)
    late = np.array([[trial.params["x"], trial.params["y"]] for trial in study.trials[20:]])
    near = (late[:, 1] < 0.1) & (late[:, 0] > 0.1) & (late[:, 0] < 0.9)
    assert near.mean() > 0.5


@pytest.mark.parametrize("solver", SOLVERS)
def test_maximising_is_minimising_the_negative(solver):
    small = Partition(leaf_size=4)
    a = new_study(TWO, solver=solver, partition=small, reference_point=[1.5, 1.0])
    a.optimize(parabolas, n_trials=16)
    b = new_study(
        ("minimize", "maximize"), solver=solver, partition=small, reference_point=[1.5, -1.0]
    )
    b.optimize(lambda trial: np.multiply(parabolas(trial), [1, -1]).tolist(), n_trials=16)
    assert drawn(a) == drawn(b)


@pytest.mark.parametrize("kernel", ["linear", "poly", "rbf"])
@pytest.mark.parametrize("selection", ["path", "leaf"])
def test_partition_settings_reach_the_engine(kernel, selection, complaints):
    study = new_study(
        solver="evolutionary",
        partition=Partition(leaf_size=3, kernel=kernel, selection=selection, c_p=0.3),
    )
    study.optimize(parabolas, n_trials=14)
    assert len({str(params) for params in drawn(study)}) == 14
    assert complaints() == []


# ---- Copies ------------------------------------------------------------------------------------


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize(
    "duplicate",
    [copy.deepcopy, lambda sampler: pickle.loads(pickle.dumps(sampler))],  # noqa: S301
)
def test_a_copy_is_small_and_goes_on_like_the_original(solver, duplicate):
    study = new_study(solver=solver)
    study.optimize(parabolas, n_trials=8)
    assert len(pickle.dumps(study.sampler)) < 2_000
    other = optuna.create_study(directions=TWO, sampler=duplicate(study.sampler))
    other.add_trials(study.trials)
    for each in (study, other):
        each.optimize(parabolas, n_trials=2)
    assert drawn(study) == drawn(other)


def test_samplers_without_a_seed_differ():
    studies = [new_study(seed=None) for _ in range(2)]
    for study in studies:
        study.optimize(parabolas, n_trials=2)
    assert drawn(studies[0]) != drawn(studies[1])


@pytest.mark.parametrize("seed", [7, np.int64(7), np.uint8(7)])
def test_any_kind_of_int_is_a_seed(seed):
    study, plain = new_study(seed=seed), new_study(seed=7)
    for each in (study, plain):
        each.optimize(parabolas, n_trials=3)
    assert drawn(study) == drawn(plain)


# ---- Fixed parameters --------------------------------------------------------------------------


def valley(trial):
    """Lead to y = x wherever x may be."""
    x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)
    return 10 * (x - y) ** 2


@pytest.mark.parametrize("x", [0.15, 0.85])
def test_what_is_not_enqueued_is_searched_under_what_is(x):
    study = new_study(["minimize"])
    study.optimize(valley, n_trials=20)
    study.enqueue_trial({"x": x})
    study.optimize(valley, n_trials=1)
    assert study.trials[-1].params["x"] == x
    assert study.trials[-1].params["y"] == pytest.approx(x, abs=0.1)


def test_a_parameter_that_was_suggested_before_is_fixed_for_the_rest():
    study = new_study(["minimize"])
    study.optimize(valley, n_trials=20)
    trial = study.ask()
    study._storage.set_trial_param(trial._trial_id, "x", 0.9, UNIT)
    frozen = study.trials[-1]
    space = study.sampler.infer_relative_search_space(study, frozen)
    params = study.sampler.sample_relative(study, frozen, space)
    assert params["x"] == pytest.approx(0.9)
    assert params["y"] == pytest.approx(0.9, abs=0.1)


def test_enqueued_trials_are_run_first_and_not_repeated():
    choices = {"a": [0, 1, 2], "b": [0, 1, 2]}
    study = new_study(solver="random", n_startup_trials=2)
    for a in choices["a"]:
        study.enqueue_trial({"a": a, "b": 1})

    def objective(trial):
        return [trial.suggest_categorical(name, values) for name, values in choices.items()]

    study.optimize(objective, n_trials=9)
    assert drawn(study)[:3] == [{"a": a, "b": 1} for a in choices["a"]]
    assert len({str(params) for params in drawn(study)}) == 9


def test_waiting_trials_are_not_proposed():
    study = new_study(solver="random", n_startup_trials=0)
    distribution = {"i": IntDistribution(0, 5)}
    study.tell(study.ask(distribution), [0.0, 0.0])
    first = study.trials[0].params["i"]
    asked = [study.ask()]
    for i in (i for i in range(6) if i not in (first, (first + 1) % 6)):
        study.enqueue_trial({"i": i})
    # The trial was made before the others were enqueued; one value is left for it.
    assert asked[0].suggest_int("i", 0, 5) == (first + 1) % 6


@pytest.mark.parametrize("value", [1e300, -1e300, 7.0])
def test_an_enqueued_value_outside_its_range_breaks_nothing(value, complaints):
    study = new_study()
    study.optimize(parabolas, n_trials=6)
    study.enqueue_trial({"x": value})
    with pytest.warns(UserWarning, match="out of range"):
        trial = study.ask({"x": UNIT, "y": UNIT})
    assert trial.params["x"] == value
    study.tell(trial, [1.0, 1.0])
    study.optimize(parabolas, n_trials=6)
    assert all(0 <= trial.params["x"] <= 1 for trial in study.trials[-6:])
    assert complaints() == []


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_partially_fixed_sampler(solver, complaints):
    study = new_study(solver=solver)
    study.optimize(parabolas, n_trials=6)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        study.sampler = PartialFixedSampler({"y": 0.5}, study.sampler)
    study.optimize(parabolas, n_trials=6)
    assert [trial.params["y"] for trial in study.trials[6:]] == [0.5] * 6
    assert len({trial.params["x"] for trial in study.trials[6:]}) == 6
    assert complaints() == []


@pytest.mark.parametrize(
    ("solver", "around"), [*((solver, []) for solver in SOLVERS), ("evolutionary", [{}])]
)
def test_a_partially_fixed_sampler_tells_configurations_apart_by_what_is_fixed(solver, around):
    def objective(trial):
        a, b = trial.suggest_categorical("a", ["p", "q"]), trial.suggest_int("b", 0, 11)
        return (b - (3 if a == "p" else 9)) ** 2, -b + 5 * (a == "q")

    study = new_study(solver=solver)
    study.optimize(objective, n_trials=12)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        for held in ({"a": "q"}, *around):
            study.sampler = PartialFixedSampler(held, study.sampler)
    left = 12 - len({t.params["b"] for t in study.trials if t.params["a"] == "q"})
    assert left > 1
    study.optimize(objective, n_trials=left)
    assert {t.params["b"] for t in study.trials if t.params["a"] == "q"} == {*range(12)}
    assert all(t.params["a"] == "q" for t in study.trials[12:])


# ---- Histories from elsewhere, and other ways to run a study -----------------------------------


@pytest.mark.parametrize("solver", ["gp", "evolutionary"])
def test_an_added_history_is_learned_from(solver, rng):
    study = new_study(solver=solver, seed=0, n_startup_trials=10, partition=Partition(leaf_size=5))
    for x, y in rng.random((40, 2)):
        study.add_trial(
            create_trial(
                params={"x": x, "y": y},
                distributions={"x": UNIT, "y": UNIT},
                values=[(x - 0.2) ** 2 + y**2, (x - 0.8) ** 2 + y**2],
            )
        )
    study.optimize(parabolas, n_trials=8)
    assert np.median([trial.params["y"] for trial in study.trials[40:]]) < 0.2


def test_ask_and_tell_with_many_trials_under_way():
    study = new_study(n_startup_trials=3)
    distributions = {"x": UNIT, "i": IntDistribution(0, 3), "c": CategoricalDistribution("ab")}
    study.tell(study.ask(distributions), [1.0, 1.0])
    asked = [study.ask(distributions) for _ in range(12)]
    for k, trial in enumerate(reversed(asked)):
        study.tell(trial, [float(k), -float(k)])
    assert len({str(trial.params) for trial in asked}) == 12
    assert len(study.get_trials(states=[TrialState.COMPLETE])) == 13


@pytest.mark.parametrize("solver", SOLVERS)
def test_under_hyperband(solver, complaints):
    study = optuna.create_study(
        sampler=LaMOOSampler(seed=0, n_startup_trials=3, solver=solver),
        pruner=optuna.pruners.HyperbandPruner(min_resource=1, max_resource=9, reduction_factor=3),
    )

    def objective(trial):
        x = trial.suggest_float("x", 0, 1)
        for step in range(9):
            trial.report(x + 1 / (step + 1), step)
            if trial.should_prune():
                raise optuna.TrialPruned
        return x

    study.optimize(objective, n_trials=25)
    states = {trial.state for trial in study.trials}
    assert states == {TrialState.COMPLETE, TrialState.PRUNED}
    assert study.best_value < 0.1
    assert complaints() == []


@pytest.mark.filterwarnings("ignore:.*set_metric_names is experimental")
@pytest.mark.parametrize("what", ["reference_point", "known_objectives"])
def test_objectives_are_called_by_their_names_under_hyperband(what):
    given = {"reference_point": 0.5, "known_objectives": lambda params: params["x"]}[what]

    def search(key):
        sampler = LaMOOSampler(seed=0, n_startup_trials=3, **{what: {key: given}})
        study = optuna.create_study(sampler=sampler, pruner=optuna.pruners.HyperbandPruner())
        study.set_metric_names(["loss"])

        def objective(trial):
            trial.report(x := trial.suggest_float("x", 0, 1), 0)
            return x

        study.optimize(objective, n_trials=8)
        return [trial.params for trial in study.trials]

    assert search("loss") == search(0)


def test_ranges_that_move():
    study = new_study(warn_independent_sampling=False)
    bounds = [(0, 1), (0, 3), (2, 4), (-1, 0.5)]
    for low, high in bounds:

        def objective(trial, low=low, high=high):
            x = trial.suggest_float("x", low, high)
            return x, (x - 1) ** 2

        study.optimize(objective, n_trials=6)
    for trial, (low, high) in zip(study.trials, np.repeat(bounds, 6, axis=0), strict=True):
        assert low <= trial.params["x"] <= high
    assert len({trial.params["x"] for trial in study.trials}) == 24


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (FloatDistribution(1e-3, 10, log=True), FloatDistribution(0, 1)),
        (IntDistribution(1, 99, log=True), IntDistribution(0, 50)),
        (FloatDistribution(0, 9), IntDistribution(0, 50)),
    ],
)
def test_one_trial_at_most_fails_since_a_parameter_takes_another_form(before, now):
    study = new_study(solver="evolutionary")
    old = {"x": before, "y": FloatDistribution(0, 1)}
    for x in range(1, 9):
        params = {"x": before.to_external_repr(x), "y": x / 9}
        trial = create_trial(params=params, distributions=old, values=[x, -x])
        study.add_trial(trial)

    def objective(trial):
        x, y = trial._suggest("x", now), trial.suggest_float("y", 0, 1)
        return x + y, (x - 1) ** 2 - y

    with pytest.raises(ValueError, match=r"log configuration|distribution kind"):
        study.optimize(objective, n_trials=12)  # as with other samplers that look ahead
    study.optimize(objective, n_trials=12)
    done = study.trials[9:]
    assert len({(trial.params["x"], trial.params["y"]) for trial in done}) == 12
    assert all(trial.distributions["x"] == now for trial in done)


def test_a_parameter_that_comes_later_is_searched_from_then_on(complaints):
    study = new_study(solver="gp", n_startup_trials=3)
    study.optimize(lambda trial: [trial.suggest_float("x", 0, 1), 0.0], n_trials=6)
    assert complaints() == []
    study.optimize(parabolas, n_trials=20)
    assert "'y' of trial 6 is sampled independently" in complaints()[0]
    # For some trials it may look as if x told whether there is a y; soon it cannot.
    assert not any(f"of trial {late} " in told for told in complaints() for late in range(16, 26))
    assert np.median([trial.params["y"] for trial in study.trials[-8:]]) < 0.3


def test_choices_that_are_equal_to_optuna_are_told_once(complaints):
    study = new_study(solver="evolutionary")
    choices = [1.0, 1, "sqrt", True]
    for _ in range(3):
        study.optimize(lambda t: [t.suggest_categorical("c", choices) == "sqrt", 0.0], n_trials=1)
    told = [message for message in complaints() if "equal" in message]
    assert len(told) == 1
    assert "'c'" in told[0]
    assert "1 (for 1.0), True (for 1.0)." in told[0]


def test_choices_of_all_kinds_are_each_tried_once():
    study = new_study(solver="random", n_startup_trials=2)
    choices = ("a", None, False, 1, 2.5, float("nan"))
    study.optimize(
        lambda trial: [len(str(trial.suggest_categorical("c", choices))), 0.0], n_trials=6
    )
    assert sorted(repr(trial.params["c"]) for trial in study.trials) == sorted(map(repr, choices))


def test_a_discrete_space_that_fails_everywhere_is_still_gone_through_once():
    def objective(trial):
        trial.suggest_int("i", 0, 6)
        trial.suggest_categorical("c", ("a", "b", "c"))
        raise ZeroDivisionError

    study = new_study(solver="random")
    study.optimize(objective, n_trials=21, catch=ZeroDivisionError)
    assert len({str(params) for params in drawn(study)}) == 21


# ---- Constraints -------------------------------------------------------------------------------


def constrain(trial, *values):
    """Set constraints as the Optuna that is installed has it."""
    if hasattr(trial, "set_constraint"):
        for k, value in enumerate(values):
            trial.set_constraint(str(k), value)
    else:
        trial.storage.set_trial_system_attr(trial._trial_id, "constraints", list(values))


@pytest.mark.parametrize(
    ("solver", "seeds"),
    [("gp", 1), ("evolutionary", 3), pytest.param("gp", 3, marks=pytest.mark.slow)],
)
def test_what_violates_a_constraint_is_not_better(solver, seeds, complaints):
    # The Pareto set is y = 0 and any x, but only x <= .4 is allowed.
    def objective(trial):
        x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)
        constrain(trial, x - 0.4)
        return x**2 + y**2, (x - 1) ** 2 + y**2

    late = []
    for seed in range(seeds):
        study = new_study(solver=solver, seed=seed, partition=Partition(leaf_size=4))
        study.optimize(objective, n_trials=40)
        late += [[trial.params["x"], trial.params["y"]] for trial in study.trials[20:]]
    late = np.array(late)
    assert (late[:, 0] <= 0.42).mean() > 0.7  # 40 % if the constraint were not seen
    assert np.median(late[:, 1]) < 0.2
    assert complaints() == []


@pytest.mark.parametrize("solver", ["gp", "evolutionary"])
def test_while_nothing_is_feasible_the_violation_shrinks(solver, complaints):
    # Feasible nowhere; least violated at x = y = .9, while the objectives want x = y = 0.
    def objective(trial):
        x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)
        constrain(trial, 0.1 + abs(x - 0.9), 0.1 + abs(y - 0.9))
        return x, y

    study = new_study(solver=solver, seed=1, partition=Partition(leaf_size=4))
    study.optimize(objective, n_trials=30)
    late = np.array([[trial.params["x"], trial.params["y"]] for trial in study.trials[20:]])
    assert np.median(late) > 0.7
    assert complaints() == []


# ---- Wrong arguments ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("seed", -1),
        ("seed", 1.5),
        ("seed", "1"),
        ("n_startup_trials", -1),
        ("n_startup_trials", 2.0),
        ("solver", "tpe"),
        ("solver", ["gp"]),
        ("solver", None),
        ("reference_point", 1.0),
        ("reference_point", []),
        ("reference_point", "12"),
        ("reference_point", [1.0, float("nan")]),
        ("reference_point", [float("inf")]),
        ("reference_point", [[1.0, 2.0]]),
        ("reference_point", [[1.0], [1.0, 2.0]]),
        ("reference_point", [None, 1.0]),
        ("partition", {"leaf_size": 3}),
        ("partition", "linear"),
        ("independent_sampler", "random"),
        ("independent_sampler", RandomSampler),
        ("warn_independent_sampling", None),
        ("seed", True),
        ("n_startup_trials", True),
        ("reevaluate", True),
        ("reevaluate", 1),
        ("stale_after", True),
        ("stale_after", 10**400),
        ("solver", np.array(["gp", "cma"])),
        ("reference_point", np.array(1)),
        ("known_objectives", np.array([1, 2])),
        ("known_constraints", np.array([1, 2])),
    ],
)
def test_a_wrong_argument_is_named(name, value):
    with pytest.raises(ValueError, match=f"^{name} must"):
        LaMOOSampler(**{name: value})


def test_numpys_integers_are_integers():
    settings = {name: np.int64(3) for name in ("seed", "n_startup_trials", "reevaluate")}
    study = optuna.create_study(
        directions=["minimize"] * 2,
        sampler=LaMOOSampler(
            **settings,
            solver="random",
            reference_point={np.int64(1): np.float32(2)},
            known_objectives={np.int64(0): lambda params: params["x"]},
        ),
    )
    study.optimize(lambda trial: (trial.suggest_float("x", 0, 1), 1.0), n_trials=5)
    assert len(study.trials) == 5


@pytest.mark.parametrize("study", [None, "name", 3, np.array([1, 2])], ids=repr)
@pytest.mark.parametrize(
    "function",
    [optuna_lamoo.explain, optuna_lamoo.mean_front, optuna_lamoo.reduced_space, decision.knee],
)
def test_what_is_no_study_is_named(function, study):
    with pytest.raises(ValueError, match=r"^study must be one of"):
        function(study)


def test_arguments_are_named_and_not_counted():
    with pytest.raises(TypeError):
        LaMOOSampler(3)


@pytest.mark.parametrize("point", [[1.0], [1.0, 2.0, 3.0]])
def test_a_reference_point_of_the_wrong_length_is_told_at_the_first_suggestion(point):
    study = new_study(reference_point=point)
    with pytest.raises(ValueError, match=r"^reference_point must hold one value per objective"):
        study.optimize(parabolas, n_trials=1)


@pytest.mark.parametrize("point", [[2.0, 2.0], (2, 2), np.array([2.0, 2.0], dtype=np.float32)])
def test_reference_points_of_all_kinds(point, complaints):
    study = new_study(solver="evolutionary", reference_point=point)
    study.optimize(parabolas, n_trials=8)
    assert len(study.trials) == 8
    assert complaints() == []


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_reference_point_that_nothing_dominates_is_told_once(solver, complaints, monkeypatch):
    lamoo.task._warned.clear()
    study = new_study(solver=solver, reference_point=[-1.0, -1.0])
    study.optimize(parabolas, n_trials=24)
    assert len(complaints()) == 1
    assert "reference_point (objective 0 <= -1, objective 1 <= -1)" in complaints()[0]
    nearest = "nearest is (objective 0 = {:g}, objective 1 = {:g})"
    assert any(nearest.format(*trial.values) in complaints()[0] for trial in study.best_trials)
    assert len({str(params) for params in drawn(study)}) == 24


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_space_without_a_choice_is_told_once(solver, complaints):
    study = new_study(solver=solver)
    study.optimize(
        lambda trial: [trial.suggest_int("i", 3, 3), trial.suggest_float("x", 0.5, 0.5)],
        n_trials=8,
    )
    assert drawn(study) == [{"i": 3, "x": 0.5}] * 8
    assert len(complaints()) == 1
    assert "single value" in complaints()[0]


# ---- Independent sampling ----------------------------------------------------------------------


class Corner(RandomSampler):
    """Sample the lowest value, and count what is called."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def sample_independent(self, study, trial, param_name, param_distribution):
        self.calls.append(param_name)
        return param_distribution.low

    def before_trial(self, study, trial):
        self.calls.append("before")

    def after_trial(self, study, trial, state, values):
        self.calls.append("after")

    def reseed_rng(self):
        self.calls.append("reseed")


def test_the_independent_sampler_is_used_and_told_of_trials():
    corner = Corner()
    study = new_study(independent_sampler=corner)
    study.optimize(parabolas, n_trials=1)
    assert study.trials[0].params == {"x": 0.0, "y": 0.0}
    assert corner.calls == ["before", "x", "y", "after"]
    study.optimize(parabolas, n_trials=1)
    assert corner.calls[4:] == ["before", "after"]  # by now the parameters are known
    study.sampler.reseed_rng()
    assert corner.calls[6:] == ["reseed"]


@pytest.mark.parametrize("warn", [True, False])
def test_independent_sampling_is_told_once_of_each_parameter_and_of_what_is_new(warn, complaints):
    def objective(trial):  # ranges follow from nothing that a sampler could know
        x, a = trial.suggest_float("x", 0, 1), trial.suggest_float("a", 0, trial.number % 2 + 1)
        b = trial.suggest_float("b", 0, trial.number // 2 % 2 + 1)
        return trial.suggest_float(f"new{trial.number}", 0, 1) + a, b - x

    study = new_study(n_startup_trials=2, warn_independent_sampling=warn, solver="evolutionary")
    study.optimize(objective, n_trials=16)
    told = [complaint.split(" is ")[0] for complaint in complaints()]
    # not during the startup trials, which are spread over the space anyhow
    assert "Parameter 'new2' of trial 2" in told or not warn
    assert [name for name in ("new", "a'", "b'") if f"'{name}" in str(told)] == (
        ["new", "a'", "b'"] if warn else []
    )
    assert len(told) == (3 if warn else 0)


@pytest.mark.parametrize("n", [2, 4, 8, 16])
def test_first_trials_asked_all_at_once_differ(n):
    study = new_study()
    asked = [study.ask() for _ in range(n)]
    for name in "abc":  # in step, so that nobody knows of all parameters of another
        for trial in asked:
            trial.suggest_categorical(name, (None, "x", 2, 3.0))
    assert len({str(params) for params in drawn(study)}) == n


# ---- Failing numerics --------------------------------------------------------------------------


@pytest.mark.parametrize("error", [np.linalg.LinAlgError("singular"), FloatingPointError("inf")])
def test_a_surrogate_that_fails_is_told_once_and_the_study_goes_on(
    error, complaints, monkeypatch, caplog
):
    lamoo.task._warned.clear()

    def broken(*arguments, **options):
        raise error

    monkeypatch.setattr(lamoo.gp.sample, "condition", broken)
    study = new_study(solver="gp")
    study.optimize(parabolas, n_trials=15)
    assert [trial.state for trial in study.trials] == [TrialState.COMPLETE] * 15
    assert len({str(params) for params in drawn(study)}) == 15
    assert len(complaints()) == 1
    assert f"'gp' could not propose ({type(error).__name__}: {error})" in complaints()[0]
    assert {record.name for record in caplog.records} == {"optuna.lamoo"}


@pytest.mark.parametrize("scale", [1e-300, 1e-8, 1e8, 1e300])
@pytest.mark.parametrize("solver", ["gp", "evolutionary"])
def test_objectives_of_any_magnitude(solver, scale, complaints):
    study = new_study(solver=solver, partition=Partition(leaf_size=3))
    study.optimize(lambda trial: [scale * v for v in parabolas(trial)], n_trials=12)
    assert len({str(params) for params in drawn(study)}) == 12
    assert complaints() == []


def test_the_engine_is_asked_for_one_point_and_its_history_is_not_kept(monkeypatch):
    seen = []

    def spy(task, q, rng):
        seen.append((task.history.n, q))
        return task.space.sample(1, rng)

    monkeypatch.setattr(optuna_lamoo.sampler, "suggest", spy)
    study = new_study()
    before = pickle.dumps(study.sampler)
    study.optimize(parabolas, n_trials=5)
    assert seen == [(1, 1), (2, 1), (3, 1), (4, 1)]
    assert pickle.dumps(study.sampler) == before
