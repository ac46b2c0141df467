"""What the tests of the Ax plugin share: small experiments. Without Ax they are left out."""

import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from ax.api.client import Client
from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig

import ax_lamoo

Params = Mapping[str, Any]

X = RangeParameterConfig(name="x", parameter_type="float", bounds=(0, 1))
Y = RangeParameterConfig(name="y", parameter_type="float", bounds=(-2, 3))
INT = RangeParameterConfig(name="i", parameter_type="int", bounds=(1, 9))
LOG = RangeParameterConfig(name="log", parameter_type="float", bounds=(1e-4, 1), scaling="log")
LOG_INT = RangeParameterConfig(name="width", parameter_type="int", bounds=(1, 500), scaling="log")
STEP = RangeParameterConfig(name="step", parameter_type="float", bounds=(0, 1), step_size=0.1)
ORDERED = ChoiceParameterConfig(
    name="batch", parameter_type="int", values=[16, 32, 64, 128], is_ordered=True
)
SIZE = ChoiceParameterConfig(
    name="size", parameter_type="str", values=["s", "m", "l"], is_ordered=True
)
COLOUR = ChoiceParameterConfig(
    name="colour", parameter_type="str", values=["r", "g", "b"], is_ordered=False
)
FLAG = ChoiceParameterConfig(name="flag", parameter_type="bool", values=[True, False])
FIXED = ChoiceParameterConfig(name="only", parameter_type="str", values=["one"])
NET = [
    ChoiceParameterConfig(
        name="net",
        parameter_type="str",
        values=["mlp", "cnn", "none"],
        is_ordered=False,
        dependent_parameters={"mlp": ["units"], "cnn": ["kernel", "norm"]},
    ),
    RangeParameterConfig(name="units", parameter_type="int", bounds=(1, 50)),
    RangeParameterConfig(name="kernel", parameter_type="int", bounds=(1, 5)),
    ChoiceParameterConfig(
        name="norm",
        parameter_type="str",
        values=["batch", "layer"],
        dependent_parameters={"batch": ["momentum"]},
    ),
    RangeParameterConfig(name="momentum", parameter_type="float", bounds=(0.1, 0.9)),
    X,
]
#: name -> parameters: every kind of search space.
SPACES = {
    "mixed": [X, Y, INT, LOG, LOG_INT, ORDERED, SIZE, COLOUR, FLAG, FIXED],
    "float": [X, Y],
    "steps": [X, STEP],
    "choices": [COLOUR, FLAG, SIZE],
    "hierarchical": NET,
}


def values(params: Params) -> dict[str, float]:
    """Return two objectives in conflict, of parameters of any kind."""
    numbers = [
        float(v) if not isinstance(v, str) else len(v) + ord(v[0]) % 5
        for _, v in sorted(params.items())
    ]
    total = sum((j + 1) * number % 7 for j, number in enumerate(numbers))
    return {"a": total, "b": (total - 3.0) ** 2 + float(params.get("x", 0.0))}


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Let Ax speak of warnings only."""
    logger = logging.getLogger("ax")
    level = logger.level
    logger.setLevel(logging.WARNING)
    yield
    logger.setLevel(level)


@pytest.fixture(scope="session")
def client() -> Callable[..., Client]:
    """Give a function that configures a client, by default with LaMOO's strategy."""

    def configured(
        parameters: Any,
        objective: str = "-a, -b",
        *,
        lamoo: bool = True,
        parameter_constraints: Any = (),
        outcome_constraints: Any = (),
        **options: Any,
    ) -> Client:
        made = Client(random_seed=0)
        made.configure_experiment(
            parameters=parameters, parameter_constraints=list(parameter_constraints)
        )
        made.configure_optimization(
            objective=objective, outcome_constraints=list(outcome_constraints)
        )
        if lamoo:
            options = {"seed": 0, "initialization_budget": 3, **options}
            made.set_generation_strategy(ax_lamoo.lamoo_generation_strategy(**options))
        else:
            made.configure_generation_strategy(**options)
        return made

    return configured


@pytest.fixture(scope="session")
def run() -> Callable[..., list[dict[str, Any]]]:
    """Give a function that runs trials and returns their parameters in order."""

    def ran(
        client: Client,
        trials: int,
        evaluate: Callable[[Params], Mapping[str, Any]] = values,
        q: int = 1,
        **ask: Any,
    ) -> list[dict[str, Any]]:
        asked: list[dict[str, Any]] = []
        while len(asked) < trials:
            for index, params in client.get_next_trials(max_trials=q, **ask).items():
                client.complete_trial(trial_index=index, raw_data=dict(evaluate(params)))
                asked.append(dict(params))
        return asked

    return ran


@pytest.fixture(params=SPACES)
def parameters(request: pytest.FixtureRequest) -> Any:
    """Give the parameters of each kind of search space in turn."""
    return SPACES[request.param]
