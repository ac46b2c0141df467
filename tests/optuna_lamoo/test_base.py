"""Any sampler of Optuna inside LaMOO's regions."""

import functools
import pickle

import numpy as np
import optuna
import pytest
from optuna.distributions import FloatDistribution, IntDistribution
from optuna.samplers import (
    BaseSampler,
    CmaEsSampler,
    GPSampler,
    NSGAIIISampler,
    NSGAIISampler,
    QMCSampler,
    RandomSampler,
    TPESampler,
)
from optuna.trial import TrialState
from scipy.stats import qmc

from lamoo import History, Partition, Settings, Task, chosen_path, pareto
from lamoo.partition.place import Place
from optuna_lamoo import LaMOOSampler, columns, notes
from optuna_lamoo.base import SEEN, base_of

pytestmark = pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")

TWO = ("minimize", "maximize")
SMALL = Partition(leaf_size=4)
CONSTRAINTS = hasattr(optuna.Trial, "set_constraint")


def group_tpe(seed):
    return TPESampler(seed=seed, multivariate=True, group=True, n_startup_trials=4)


def botorch(seed):
    module = pytest.importorskip("optuna_integration.botorch", reason="needs optuna-integration")
    pytest.importorskip("botorch", reason="needs BoTorch")
    return module.BoTorchSampler(seed=seed, n_startup_trials=4)


def gp(seed):
    pytest.importorskip("torch", reason="Optuna's GPSampler needs torch")
    return GPSampler(seed=seed, n_startup_trials=4)


BASES = {
    "tpe": lambda seed: TPESampler(seed=seed, n_startup_trials=4),
    "tpe-multivariate": lambda seed: TPESampler(seed=seed, n_startup_trials=4, multivariate=True),
    "tpe-group": group_tpe,
    "nsgaii": lambda seed: NSGAIISampler(seed=seed, population_size=6),
    "nsgaiii": lambda seed: NSGAIIISampler(seed=seed, population_size=6),
    "qmc": lambda seed: QMCSampler(seed=seed, warn_independent_sampling=False),
    "random": lambda seed: RandomSampler(seed=seed),
    "cmaes": lambda seed: CmaEsSampler(seed=seed, warn_independent_sampling=False),
    "gp": gp,
}


def new_study(base, directions=TWO, **arguments):
    arguments = {"seed": 3, "n_startup_trials": 5, "partition": SMALL, **arguments}
    sampler = LaMOOSampler(base_sampler=base, **arguments)
    return optuna.create_study(directions=directions, sampler=sampler)


def valley(trial):
    x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)
    return (x - 0.2) ** 2 + y**2, -((x - 0.8) ** 2) - y**2


def everything(trial):
    """Ask for every kind of parameter, some of them under a condition."""
    lr = trial.suggest_float("lr", 1e-5, 1e-1, log=True)
    drop = trial.suggest_float("drop", 0, 0.5, step=0.125)
    width = trial.suggest_int("width", 8, 512, log=True)
    depth = trial.suggest_int("depth", 2, 10, step=2)
    norm = trial.suggest_categorical("norm", [None, True, "layer"])
    cost = 0.0
    if trial.suggest_categorical("pool", [True, False]):
        cost = trial.suggest_float("size", 1, 3)
    if CONSTRAINTS:
        trial.set_constraint("depth", depth - 8)
    loss = abs(np.log10(lr) + 3) + drop + (norm is None) + cost / 3
    return loss, -width * depth


class Reported(BaseSampler):
    """A sampler of a third party that always proposes one place and shows what it saw."""

    def __init__(self, seed, seen, place=0.3):
        self.seen, self.place = seen, place

    def infer_relative_search_space(self, study, trial):
        return optuna.search_space.intersection_search_space(study.get_trials(deepcopy=False))

    def sample_relative(self, study, trial, search_space):
        self.seen.append((study, trial.number))
        return dict.fromkeys(search_space, self.place)

    def sample_independent(self, study, trial, name, distribution):
        return RandomSampler(seed=0).sample_independent(study, trial, name, distribution)


class Failing(Reported):
    def sample_relative(self, study, trial, search_space):
        raise OSError("the licence server does not answer")


# ---- Every base --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BASES)
def test_every_base_searches_every_kind_of_space(name, complaints):
    study = new_study(BASES[name], n_startup_trials=8, warn_independent_sampling=False)
    study.optimize(everything, n_trials=11 if name == "gp" else 24)
    assert {trial.state for trial in study.trials} == {TrialState.COMPLETE}
    assert len({str(trial.params) for trial in study.trials}) == len(study.trials)
    assert complaints() == []  # that is, no base failed and none was replaced


@pytest.mark.slow
def test_the_sampler_of_botorch_searches(complaints):
    study = new_study(botorch)
    study.optimize(valley, n_trials=7)
    assert len({str(trial.params) for trial in study.trials}) == 7
    assert complaints() == []


@pytest.mark.parametrize("name", [n for n in BASES if n != "gp"])
def test_proposals_are_inside_the_region(name):
    # seeds 0-4: the region that the engine chooses for 40 random trials
    names = ("x", "y", "z")
    search_space = dict.fromkeys(names, FloatDistribution(0, 1))
    space = columns.to_space(search_space)
    for seed in range(5):
        rng = np.random.default_rng(seed)
        X = rng.random((40, 3))
        Y = np.stack([X[:, 0] + X[:, 2] ** 2, 1 - X[:, 0] + X[:, 1]], axis=1)
        history = History(X, Y)
        leaf = chosen_path(Task(space, history, Settings(partition=SMALL)))[-1]
        assert leaf.region.sides
        solver = base_of(BASES[name]).solver(search_space)
        for _ in range(3):
            x = solver.propose(Place(history, leaf.region, leaf.members), rng)
            assert leaf.region.contains(x[None])[0]
            assert len(history.unseen(x[None]))
            history = history.with_pending(x)


@pytest.mark.parametrize("name", BASES)
def test_only_a_base_that_has_a_model_has_global_turns(name):
    solver = base_of(BASES[name]).solver({"x": FloatDistribution(0, 1)})
    assert solver.global_turns == (name in {"tpe", "tpe-multivariate", "tpe-group", "gp"})


def test_in_the_whole_space_the_proposal_is_the_bases_own():
    search_space = {"x": FloatDistribution(0, 10), "k": IntDistribution(0, 9)}
    space = columns.to_space(search_space)
    history = History(np.array([[0.11, 0.55]]), np.array([[1.0, 2.0]]))
    solver = base_of(functools.partial(Reported, seen=[], place=3)).solver(search_space)
    x = solver.propose(Place.everywhere(space, history), np.random.default_rng(0))
    assert space.decode(x[None]) == [{"x": pytest.approx(3), "k": 3}]


def test_a_proposal_outside_is_pulled_to_the_region_not_replaced():
    # the region of valley's good half around y = 0; the base insists on (.3, .3)
    seen = []
    study = new_study(functools.partial(Reported, seen=seen), n_startup_trials=20)
    study.optimize(valley, n_trials=30)
    late = [trial.params for trial in study.trials[20:]]
    assert len(seen) >= len(late)
    assert np.mean([p["y"] <= 0.3 and abs(p["x"] - 0.3) < 0.4 for p in late]) > 0.7


# ---- What the base sees ------------------------------------------------------------------------


@pytest.mark.skipif(not CONSTRAINTS, reason="constraints by name are Optuna 5's")
def test_the_base_sees_finished_and_running_trials_and_constraints():
    seen = []
    study = new_study(functools.partial(Reported, seen=seen), warn_independent_sampling=False)
    study.optimize(everything, n_trials=8)
    running = study.ask()
    asked = {"lr": running.suggest_float("lr", 1e-5, 1e-1, log=True)}
    seen.clear()
    study.ask().suggest_float("lr", 1e-5, 1e-1, log=True)
    trials = seen[0][0].get_trials(deepcopy=False)
    complete = [t for t in trials if t.state == TrialState.COMPLETE]
    shown = {
        (round(t.params["lr"], 9), *np.round(t.values, 9), *t.constraints.values())
        for t in complete
    }
    true = {
        (
            round(t.params["lr"], 9),
            *np.round(t.values * np.array([1, -1]), 9),
            t.constraints["depth"],
        )
        for t in study.trials[:8]
    }
    assert shown == true
    assert all("size" in t.params for t in complete if t.params["pool"])
    assert all("size" not in t.params for t in complete if not t.params["pool"])
    pending = [t.params["lr"] for t in trials if t.state == TrialState.RUNNING and t.params]
    assert asked["lr"] in [pytest.approx(value) for value in pending]


class Learning(Reported):
    """One whose proposals depend on the values."""

    def sample_relative(self, study, trial, search_space):
        super().sample_relative(study, trial, search_space)
        return dict.fromkeys(search_space, float(study.trials[0].values[0] > 0) / 2)


@pytest.mark.parametrize(("kind", "shown"), [(Reported, SEEN), (Learning, 300)])
def test_of_many_trials_only_a_model_sees_all_others_the_front(kind, shown, rng):
    seen = []
    X = rng.random((300, 2))
    Y = np.stack([X[:, 0], (X[:, 0] - 0.5) ** 2 + X[:, 1]], axis=1)
    search_space = dict.fromkeys("xy", FloatDistribution(0, 1))
    place = Place.everywhere(columns.to_space(search_space), History(X, Y))
    solver = base_of(functools.partial(kind, seen=seen)).solver(search_space)
    seen.clear()
    solver.propose(place, rng)
    trials = seen[-1][0].get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    assert len(trials) == shown
    assert {t.params["x"] for t in trials} >= {*X[pareto.nondominated(Y), 0].tolist()}


def test_a_base_for_one_objective_is_given_the_dominance_number():
    seen = []

    class Single(Reported):
        def sample_relative(self, study, trial, search_space):
            if len(study.directions) > 1:
                raise ValueError("one objective only")
            return super().sample_relative(study, trial, search_space)

    study = new_study(functools.partial(Single, seen=seen))
    study.optimize(valley, n_trials=12)
    shadow = seen[-1][0]
    trials = [t for t in shadow.get_trials(deepcopy=False) if t.state == TrialState.COMPLETE]
    values = {(round(t.params["x"], 9), round(t.params["y"], 9)): t.value for t in trials}
    Y = np.array([t.values for t in study.trials[:11]]) * [1, -1]
    for trial, y in zip(study.trials[:11], Y, strict=True):
        count = sum((other <= y).all() and (other < y).any() for other in Y)
        assert values[round(trial.params["x"], 9), round(trial.params["y"], 9)] == count


@pytest.mark.parametrize("make", [NSGAIISampler, NSGAIIISampler])
def test_for_a_genetic_algorithm_the_trials_it_sees_are_a_generation(make):
    asked = []

    class Told(make):
        def sample_relative(self, study, trial, search_space):
            child = super().sample_relative(study, trial, search_space)
            asked.append((child, self.get_trial_generation(study, trial)))
            return child

    study = new_study(lambda seed: Told(seed=seed, population_size=6))
    study.optimize(valley, n_trials=20)
    late = asked[-10:]
    assert all(generation == 1 for _, generation in late)
    assert any(child for child, _ in late)  # of parents: the first generation has none


def test_a_sequence_goes_on_from_trial_to_trial():
    # without a tree a proposal is the next point of Sobol's sequence
    search_space = {"x": FloatDistribution(0, 1), "y": FloatDistribution(0, 1)}
    space = columns.to_space(search_space)
    solver = base_of(BASES["qmc"]).solver(search_space)
    history = History(np.array([[0.1, 0.2]]), np.array([[1.0, 2.0]]))
    sequence = qmc.Sobol(2, scramble=False).random(64)
    for _ in range(4):
        tried = len(history.tried)
        x = solver.propose(Place.everywhere(space, history), np.random.default_rng(0))
        assert x == pytest.approx(sequence[tried + 1])
        history = history.with_pending(x)


# ---- The user's study --------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["memory", "journal", "sqlite"])
def test_nothing_is_written_to_the_users_study(kind, make_storage):
    storage = make_storage(kind)
    others = len(storage.get_all_studies())
    study = optuna.create_study(
        directions=TWO,
        storage=storage,
        sampler=LaMOOSampler(
            seed=0, base_sampler=BASES["nsgaii"], n_startup_trials=5, partition=SMALL
        ),
    )
    study.optimize(valley, n_trials=12)
    assert len(storage.get_all_studies()) == others + 1
    assert storage.get_study_system_attrs(study._study_id) == {}
    assert storage.get_study_user_attrs(study._study_id) == {}
    trials = storage.get_all_trials(study._study_id)
    assert len(trials) == 12
    assert all(set(trial.system_attrs) <= {notes.NOTE} for trial in trials)
    assert all(trial.user_attrs == trial.intermediate_values == {} for trial in trials)


def test_optuna_does_not_tell_of_a_study_for_each_proposal(caplog):
    optuna.logging.set_verbosity(optuna.logging.INFO)
    study = new_study(BASES["random"])
    study.optimize(valley, n_trials=8)
    messages = [record.getMessage() for record in caplog.records]
    assert sum("A new study" in message for message in messages) == 1
    assert sum("finished" in message for message in messages) == 8


def test_enqueued_parameters_stay(complaints):
    study = new_study(BASES["tpe-multivariate"], n_startup_trials=8)
    study.optimize(everything, n_trials=10)
    fixed = {"width": 64, "norm": None, "pool": True}
    study.enqueue_trial(fixed)
    study.optimize(everything, n_trials=1)
    assert fixed.items() <= study.trials[-1].params.items()


def test_a_base_that_fails_is_replaced_with_one_warning(complaints):
    study = new_study(functools.partial(Failing, seen=[]))
    study.optimize(valley, n_trials=12)
    assert {trial.state for trial in study.trials} == {TrialState.COMPLETE}
    (complaint,) = complaints()
    assert "base_sampler" in complaint
    assert "the licence server does not answer" in complaint


# ---- Repeating ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [n for n in BASES if n != "gp"])
def test_a_run_repeats_also_after_a_stop(name):
    whole, parts = new_study(BASES[name]), new_study(BASES[name])
    whole.optimize(valley, n_trials=14)
    parts.optimize(valley, n_trials=9)
    parts.sampler = new_study(BASES[name]).sampler
    parts.optimize(valley, n_trials=5)
    assert [t.params for t in whole.trials] == [t.params for t in parts.trials]


def test_another_seed_gives_other_proposals():
    a, b = (new_study(BASES["tpe"], seed=seed) for seed in (1, 2))
    for study in (a, b):
        study.optimize(valley, n_trials=8)
    assert a.trials[-1].params != b.trials[-1].params


def test_a_copy_goes_on_if_the_factory_can_be_pickled():
    sampler = LaMOOSampler(seed=0, base_sampler=group_tpe)
    copied = pickle.loads(pickle.dumps(sampler))  # noqa: S301
    studies = []
    for each in (sampler, copied):
        study = optuna.create_study(directions=TWO, sampler=each)
        study.optimize(valley, n_trials=14)
        studies.append([trial.params for trial in study.trials])
    assert studies[0] == studies[1]


def test_a_lambda_is_refused_only_when_pickled():
    sampler = LaMOOSampler(base_sampler=lambda seed: RandomSampler(seed=seed))
    with pytest.raises((pickle.PicklingError, AttributeError), match="lambda"):
        pickle.dumps(sampler)


def test_an_instance_is_copied_with_a_warning(complaints):
    instance = NSGAIISampler(seed=0, population_size=5)
    study = new_study(instance)
    (complaint,) = complaints()
    assert "NSGAIISampler" in complaint
    assert "seed -> sampler" in complaint
    study.optimize(valley, n_trials=12)
    assert len({str(trial.params) for trial in study.trials}) == 12
    assert len(complaints()) == 1


# ---- Wrong arguments ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base", "reason"),
    [
        ("tpe", "'tpe'"),
        (3, "got 3"),
        (TPESampler, "must be a function"),
        (lambda: TPESampler(seed=0), "takes 0 positional arguments"),
        (lambda seed: "tpe", "returned 'tpe'"),
        (lambda seed: 1 / 0, "division by zero"),
    ],
)
def test_a_wrong_base_is_told(base, reason):
    with pytest.raises(ValueError, match=r"base_sampler") as told:
        LaMOOSampler(base_sampler=base)
    assert reason in str(told.value)


def test_a_solver_and_a_base_are_one_too_many():
    with pytest.raises(ValueError, match="solver"):
        LaMOOSampler(solver="evolutionary", base_sampler=BASES["tpe"])


# ---- Samplers of others ------------------------------------------------------------------------


def test_a_package_in_the_registrys_form_works(tmp_path, complaints):
    optunahub = pytest.importorskip("optunahub", reason="needs optunahub")
    if optunahub.__file__ is None:  # a folder of this repository has the name, too
        pytest.skip("needs optunahub")
    folder = tmp_path / "package" / "samplers" / "middle"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text(
        "import optuna\n"
        "class MiddleSampler(optuna.samplers.RandomSampler):\n"
        "    def sample_relative(self, study, trial, search_space):\n"
        "        best = study.best_trials\n"
        "        return {n: sum(t.params[n] for t in best) / len(best) for n in search_space}\n"
        "    def infer_relative_search_space(self, study, trial):\n"
        "        return optuna.search_space.intersection_search_space(study.trials)\n"
    )
    module = optunahub.load_local_module("samplers/middle", registry_root=str(tmp_path / "package"))
    study = new_study(lambda seed: module.MiddleSampler(seed=seed))
    study.optimize(valley, n_trials=12)
    assert len({str(trial.params) for trial in study.trials}) == 12
    assert complaints() == []
