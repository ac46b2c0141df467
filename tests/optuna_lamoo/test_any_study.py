"""Whatever the program, the study and the arguments: the sampler gives what Optuna asked for.

The engine's counterpart is ``tests/lamoo/test_any_input.py``. Found cases have tests of their own
with the module that was at fault. Two thousand cases: ``make test ARGS="-m slow -k any_study"``.
"""

import math
import sys
import warnings
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
import optuna
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState, create_trial

from lamoo import Partition
from optuna_lamoo import LaMOOSampler, explain, reduced_space

FEW, MANY = 25, 2_000
LARGEST, TINY = sys.float_info.max, 5e-324
VALUES = (0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 3.0, 1e300, -1e300, LARGEST, -LARGEST, TINY, 1e-300)
ODD = (math.inf, -math.inf)

# ---- Programs: parameters, some of which exist only where an earlier one has some value --------

finite = st.floats(-1e300, 1e300) | st.sampled_from(VALUES[:8]) | st.floats(-5, 5)
positive = finite.map(abs).filter(bool)
# Optuna tells by floats, which count to 2^53, whether an integer is on the grid of its range
integers = st.integers(-(2**52), 2**52) | st.integers(-5, 5)
choices = (
    st.none()
    | st.booleans()
    | st.integers(-2, 2)
    | st.sampled_from(["", "relu", "<b>", "é", math.nan, math.inf, 1.0, 0.5, -0.0])
)


@st.composite
def floats(draw):
    kind = draw(st.sampled_from(["plain", "log", "step", "single"]))
    if kind == "single":
        value = draw(finite)
        return FloatDistribution(value, value)
    low, high = sorted(draw(st.tuples(*[positive if kind == "log" else finite] * 2)))
    if kind == "step":
        step = draw(st.sampled_from([0.1, 0.25, 1.0, 1e3]))
        low, k = draw(st.integers(-9, 9)), draw(st.integers(0, 40))
        return FloatDistribution(low, float(low + k * Decimal(str(step))), step=step)
    return FloatDistribution(low, high, log=kind == "log")


@st.composite
def whole_numbers(draw):
    low, high = sorted(draw(st.tuples(integers, integers)))
    if draw(st.booleans()):
        return IntDistribution(max(low, 1), max(high, 1), log=True)
    step = draw(st.integers(1, 7))
    return IntDistribution(low, low + (high - low) // step * step, step=step)


categories = st.lists(choices, min_size=1, max_size=6).map(CategoricalDistribution)
small = st.integers(1, 4).map(lambda k: IntDistribution(1, k)) | categories
parameters = floats() | whole_numbers() | categories


@dataclass(frozen=True)
class Case:
    """A program, a study and the arguments of a sampler."""

    distributions: list[Any]
    parents: list[int]
    directions: list[str]
    kinds: list[str]
    constrained: bool
    trials: int
    arguments: dict[str, Any] = field(default_factory=dict)
    enqueue: bool = False
    seed: int = 0


@st.composite
def cases(draw):
    distributions = draw(
        st.lists(parameters, min_size=1, max_size=5)
        | st.lists(small, min_size=1, max_size=3)
        | st.lists(parameters, min_size=8, max_size=40)
    )
    parents = [
        draw(st.integers(0, j - 1)) if j and conditional else -1
        for j, conditional in enumerate(
            draw(st.lists(st.booleans(), min_size=len(distributions), max_size=len(distributions)))
        )
    ]
    m = draw(st.integers(1, 6))
    kinds = ["smooth", "constant", "ties", "edges", "infinite"]
    return Case(
        distributions,
        parents,
        draw(st.lists(st.sampled_from(["minimize", "maximize"]), min_size=m, max_size=m)),
        draw(st.lists(st.sampled_from(kinds), min_size=m, max_size=m)),
        constrained=draw(st.booleans()),
        trials=draw(st.integers(0, 30)),
        arguments={
            "solver": draw(st.sampled_from(["gp", "evolutionary", "random"])),
            "n_startup_trials": draw(st.sampled_from([None, 0, 1, 5, 20])),
            "reference_point": draw(st.none() | st.lists(finite, min_size=m, max_size=m)),
            "partition": Partition(
                leaf_size=draw(st.sampled_from([1, 2, 5, 10])),
                kernel=draw(st.sampled_from(["linear", "poly", "rbf"])),
                selection=draw(st.sampled_from(["path", "leaf"])),
                c_p=draw(st.sampled_from([0.0, 0.1, 1e300, TINY])),
            ),
        },
        enqueue=draw(st.booleans()),
        seed=draw(st.integers(0, 2**32)),
    )


def run(case, suggest):
    """Return the parameters of one run of the program, which asks ``suggest`` for each."""
    params = {}
    for j, (distribution, parent) in enumerate(zip(case.distributions, case.parents, strict=True)):
        # a parameter exists where its parent does and has one half of its values
        name = f"p{parent}"
        if parent < 0 or (name in params and len(repr(params[name])) % 2 == 0):
            params[f"p{j}"] = suggest(f"p{j}", distribution)
    return params


def values_of(case, rng):
    pools = {
        "smooth": [rng.standard_normal()],
        "constant": [2.0],
        "ties": [0.0, 1.0],
        "edges": VALUES,
        "infinite": [*ODD, 0.0],
    }
    return [float(rng.choice(pools[kind])) for kind in case.kinds]


def drawn(name, distribution, rng):
    """Return a uniform value, by Optuna's own conversion."""
    match distribution:
        case CategoricalDistribution(choices=choices):
            return choices[rng.integers(len(choices))]
        case IntDistribution(low=low, high=high, step=step):
            return low + step * int(rng.integers(0, (high - low) // step + 1))
        case FloatDistribution(low=low, high=high, step=step):
            if step is not None:
                # 3 * 0.1 is more than 0.3
                return min(
                    high, float(low + step * rng.integers(0, round((high - low) / step) + 1))
                )
            return float(np.clip(low * (1 - (u := rng.random())) + high * u, low, high))
    raise AssertionError(name)


def filled(case):
    """Return a study with earlier trials in every state."""
    rng = np.random.default_rng(case.seed)
    sampler = LaMOOSampler(seed=case.seed, warn_independent_sampling=False, **case.arguments)
    study = optuna.create_study(directions=case.directions, sampler=sampler)
    for _ in range(case.trials):
        given = {}

        def suggest(name, distribution, given=given):
            given[name] = distribution
            return drawn(name, distribution, rng)

        params = run(case, suggest)
        state = rng.choice([1, 1, 1, 1, 1, 2, 3, 0])
        study.add_trial(
            create_trial(
                state=TrialState(state),
                params=params,
                distributions=given,
                values=values_of(case, rng) if state == TrialState.COMPLETE.value else None,
                system_attrs={"constraints": [float(rng.choice([*VALUES, *ODD]))]}
                if case.constrained
                else {},
            )
        )
        if rng.random() < 0.1:
            study.add_trial(study.trials[-1])  # the same once more
    if case.enqueue and case.trials:
        study.enqueue_trial({"p0": study.trials[0].params.get("p0"), "nobody": 3})
    return study, rng


def check(case, no_excuses):
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Optuna says of odd choices and distributions
        study, rng = filled(case)
    with no_excuses():
        for k in range(3):
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", module=r"optuna\.")
                trial = study.ask()

                def suggest(name, distribution, trial=trial):
                    value = trial._suggest(name, distribution)
                    assert distribution._contains(distribution.to_internal_repr(value))
                    return value

                run(case, suggest)
                values = values_of(case, rng) if k < 2 else None
                state = TrialState.COMPLETE if k < 2 else TrialState.FAIL
                study.tell(trial, values, state=state)
        free = any(not d.single() for t in study.trials for d in t.distributions.values())
        if free and any(t.state == TrialState.COMPLETE for t in study.trials):
            explain(study)
            reduced_space(study)


@settings(max_examples=FEW)
@given(cases())
def test_any_study_goes_on(no_excuses, case):
    check(case, no_excuses)


@pytest.mark.slow
@settings(max_examples=MANY, suppress_health_check=[HealthCheck.too_slow])
@given(cases())
def test_any_study_goes_on_two_thousand_times(no_excuses, case):
    check(case, no_excuses)
