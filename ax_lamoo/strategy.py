"""The generation strategy: the one line that changes in an Ax experiment."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, TypeAlias

import pandas as pd
import torch
from ax.adapter.registry import Generators
from ax.api.client import Client
from ax.core.experiment import Experiment
from ax.core.experiment_status import ExperimentStatus
from ax.core.trial_status import TrialStatus
from ax.exceptions.core import UserInputError
from ax.exceptions.generation_strategy import GenerationStrategyRepeatedPoints
from ax.generation_strategy.dispatch_utils import get_derelativize_config
from ax.generation_strategy.generation_node import GenerationNode
from ax.generation_strategy.generation_strategy import GenerationStrategy
from ax.generation_strategy.generator_spec import GeneratorSpec
from ax.generation_strategy.transition_criterion import MinTrials

from ax_lamoo.errors import as_user_input
from ax_lamoo.exhaustion import ConfigurationsLeft, StartFull
from ax_lamoo.generator import CONFINED, SOLVERS
from ax_lamoo.prior import PriorKnowledge
from ax_lamoo.registry import LaMOOGenerators
from ax_lamoo.sources import sources_of
from ax_lamoo.start import CenterNode
from lamoo import Partition
from lamoo.checks import check, check_kind, check_whole, is_number, is_one_of
from lamoo.search import FEWEST_RESULTS
from lamoo.solvers import SOLVERS as ENGINE_SOLVERS
from lamoo.space.answers import Asked
from lamoo.space.prior import Prior

#: An earlier experiment, or its table.
Earlier: TypeAlias = Client | Experiment | pd.DataFrame
#: The last node of the strategy; trials that it proposed carry this name.
NODE = "LaMOO"


def lamoo_generation_strategy(  # noqa: PLR0913  all keyword-only, most of them Ax's own
    *,
    solver: str = "gp",
    reference_point: Mapping[str, float] | None = None,
    partition: Partition | None = None,
    known_objectives: Mapping[str, Asked] | None = None,
    features: Asked | None = None,
    known_constraints: Sequence[Asked] | None = None,
    canonical: Asked | None = None,
    warm_start: Earlier | Sequence[Earlier] | None = None,
    seed: int | None = None,
    initialization_budget: int = 10,
    initialize_with_center: bool = True,
    min_observed_initialization_trials: int | None = None,
    use_existing_trials_for_initialization: bool = True,
    allow_exceeding_initialization_budget: bool = False,
    torch_device: str | None = None,
) -> GenerationStrategy:
    """Return an Ax generation strategy that learns partitions of the search space.

    The center of the space, a few Sobol points, then LaMOO (Zhao et al., "Multi-objective
    Optimization by Learning Space Partitions", ICLR 2022). It is rebuilt from the experiment at
    every proposal and keeps no state, so it may be saved, loaded and run in parallel like any
    strategy of Ax; ``import ax_lamoo`` before loading. With one objective it is Ax's default after
    the start-up.

    Args:
        solver: one that :mod:`lamoo.solvers` describes, ``"gp"`` (the fewest trials),
            ``"gp-fast"``, ``"evolutionary"`` (the cheapest proposals), ``"cma"``, ``"botorch"`` or
            ``"random"``, which fit Ax's model only when it is asked for predictions; or
            ``"qlognehvi"``, Ax's own model and acquisition confined to the chosen leaf.
        reference_point: metric name -> objective threshold in the metric's units, a little worse
            than what is still of interest. Those missing are taken from the optimization config
            or inferred.
        partition: settings of the tree, see :class:`lamoo.Partition`.
        known_objectives: metric name -> function of the parameter dictionary, for objectives that
            follow from the parameters without a trial (number of weights, FLOPs). They are not
            modelled but used as they are; trials report them all the same. Functions are not
            saved with the experiment: after loading, set a strategy that has them.
        features: a function of the parameter dictionary that returns numbers which help to
            predict the other objectives.
        known_constraints: functions of the parameter dictionary that must be at most 0, besides
            Ax's own linear constraints; all trials keep them, the start's too. A truth value is
            refused: for ``x < 2`` return ``x - 2``.
        canonical: a function of the parameter dictionary that returns the same key for
            configurations that are really the same; LaMOO proposes one of them.
        warm_start: earlier experiments (clients, Ax's experiments, or tables as
            ``client.summarize()`` returns) of a similar task: other data, a smaller model, fewer
            epochs. Their best arms are tried early, and what they predict helps to learn, as far
            as the experiment's own trials confirm it; they are never counted as its results.
            Parameters and metrics are matched by name; others, other ranges and other choices do no
            harm. Not saved either.
        seed: of all random choices; ``None`` follows ``Client(random_seed=...)``, by the
            start-up trials.
        initialization_budget: trials before anything is learned.
        initialize_with_center: whether the first of them is the center of the space; it is not
            where ``known_constraints`` are given.
        min_observed_initialization_trials: how many of them must be completed before LaMOO
            proposes, by default half of them. With ``"gp"`` and ``"gp-fast"`` those that were
            stopped early count, too, but for two.
        use_existing_trials_for_initialization: whether trials that were attached count.
        allow_exceeding_initialization_budget: whether more are proposed while too few are
            completed; otherwise Ax asks to wait.
        torch_device: where Ax's model is fitted.

    Raises:
        UserInputError: if an argument is outside what is listed here.
        ModuleNotFoundError: if the solver needs a package that is not installed.

    Example:
        >>> from ax.api.client import Client
        >>> from ax.api.configs import RangeParameterConfig
        >>> client = Client()
        >>> x = RangeParameterConfig(name="x", parameter_type="float", bounds=(-2, 2))
        >>> client.configure_experiment(parameters=[x])
        >>> client.configure_optimization(objective="-near, -far")
        >>> client.set_generation_strategy(
        ...     lamoo_generation_strategy(seed=1, initialization_budget=5)
        ... )
        >>> for _ in range(8):
        ...     for index, params in client.get_next_trials(max_trials=1).items():
        ...         raw_data = {"near": params["x"] ** 2, "far": (params["x"] - 1) ** 2}
        ...         _ = client.complete_trial(trial_index=index, raw_data=raw_data)
        >>> client.summarize()["generation_node"].tolist()[-1]
        'LaMOO'
    """
    existing, observed = use_existing_trials_for_initialization, min_observed_initialization_trials
    exceedable = allow_exceeding_initialization_budget
    with as_user_input():
        check("solver", solver, f"one of {list(SOLVERS)}", fine=is_one_of(solver, SOLVERS))
        check_kind("partition", partition, Partition, type(None))
        check_whole("seed", seed, 0, optional=True)
        check_whole("initialization_budget", initialization_budget, 0)
        check_whole("min_observed_initialization_trials", observed, 0, optional=True)
        check_kind("initialize_with_center", initialize_with_center, bool)
        check_kind("use_existing_trials_for_initialization", existing, bool)
        check_kind("allow_exceeding_initialization_budget", exceedable, bool)
    if solver in ENGINE_SOLVERS:
        ENGINE_SOLVERS[solver].check()
    seed = None if seed is None else int(seed)  # Ax cannot store numpy's
    options: dict[str, Any] = {
        "solver": solver,
        "partition": asdict(partition or Partition()),
        "reference_point": _checked_point(reference_point),
        "prior": _prior(
            known_objectives=known_objectives,
            features=features,
            known_constraints=known_constraints,
            canonical=canonical,
            warm_start=warm_start,
        ),
        "seed": seed,
        "torch_device": _checked_device(torch_device),
        # as in Ax's default: constraints relative to the status quo refer to what was measured
        "transform_configs": get_derelativize_config(derelativize_with_raw_status_quo=True),
    }
    if options["prior"] is not None and solver == CONFINED:
        raise UserInputError(
            f"solver must be one of the engine's for what is known beforehand, got {solver!r}: "
            "Ax's acquisition cannot use it"
        )
    # the center knows no functions, and may break a constraint
    centered = initialize_with_center and initialization_budget > 0 and not known_constraints
    nodes = [_last_node(options)]
    if initialization_budget > centered:
        first = _start_node(
            # a center that was not there yet is not among the existing trials
            budget=initialization_budget - (centered and not existing),
            observed=max(1, initialization_budget // 2) if observed is None else observed,
            existing=existing,
            exceedable=exceedable,
            stopped=solver in ENGINE_SOLVERS and ENGINE_SOLVERS[solver].learns_stopped,
            options={"seed": seed, "prior": options["prior"]},
        )
        nodes.insert(0, first)
    if centered:
        center = CenterNode(
            next_node_name=nodes[0].name, use_existing_trials_for_initialization=existing
        )
        nodes.insert(0, center)
    return GenerationStrategy(name=f"LaMOO:{solver}", nodes=nodes)


def _prior(
    *,
    known_objectives: Mapping[str, Asked] | None,
    features: Asked | None,
    known_constraints: Sequence[Asked] | None,
    canonical: Asked | None,
    warm_start: object,
) -> PriorKnowledge | None:
    """Return the user's functions and earlier experiments, checked, ``None`` if there are none."""
    with as_user_input():
        functions = Prior(
            {} if known_objectives is None else known_objectives,
            features,
            () if known_constraints is None else known_constraints,
            canonical,
        )
    sources = sources_of(warm_start)
    given = {
        "known_objectives": known_objectives,
        "features": features,
        "known_constraints": known_constraints,
        "canonical": canonical,
        "warm_start": sources,
    }
    names = [name for name, value in given.items() if value]
    return PriorKnowledge(names, functions, sources) if names else None


def _start_node(
    *,
    budget: int,
    observed: int,
    existing: bool,
    exceedable: bool,
    stopped: bool,
    options: dict[str, Any],
) -> GenerationNode:
    """Return the node that spreads points until enough were proposed and enough observed.

    Those are completed or, with ``stopped``, were stopped early; but for the first ones. While too
    few are it waits for those that run, and proposes in the place of the others: nothing more will
    come of a trial that was stopped early, as of one that failed.
    """
    lost = [TrialStatus.FAILED, TrialStatus.ABANDONED]
    proposed = MinTrials(
        threshold=budget,
        transition_to=NODE,
        use_all_trials_in_exp=existing,
        not_in_statuses=lost,
    )
    done = [TrialStatus.COMPLETED]
    least = {observed: [*done, TrialStatus.EARLY_STOPPED]} if stopped else {}
    least[min(observed, FEWEST_RESULTS) if stopped else observed] = done
    completed = [
        MinTrials(
            threshold=threshold,
            transition_to=NODE,
            use_all_trials_in_exp=True,
            only_in_statuses=statuses,
            count_only_trials_with_data=True,
        )
        for threshold, statuses in least.items()
    ]
    full = StartFull(
        threshold=budget,
        not_in_statuses=[*lost, TrialStatus.EARLY_STOPPED],
        use_all_trials_in_exp=existing,
        over=[proposed, *completed],
    )
    return GenerationNode(
        name="Sobol",
        generator_specs=[
            GeneratorSpec(
                LaMOOGenerators.START,
                generator_kwargs=options,
                generator_key_override=Generators.SOBOL.value,
            )
        ],
        transition_criteria=[proposed, *completed],
        pausing_criteria=[ConfigurationsLeft(), *([] if exceedable else [full])],
        should_deduplicate=True,
        suggested_experiment_status=ExperimentStatus.INITIALIZATION,
        fallback_specs=_fallback(options["prior"]),
    )


def _last_node(options: dict[str, Any]) -> GenerationNode:
    """Return the node that proposes for the rest of the experiment, given its generator's."""
    return GenerationNode(
        name=NODE,
        generator_specs=[GeneratorSpec(LaMOOGenerators.LAMOO, generator_kwargs=options)],
        pausing_criteria=[ConfigurationsLeft()],
        should_deduplicate=True,
        suggested_experiment_status=ExperimentStatus.OPTIMIZATION,
        fallback_specs=_fallback(options["prior"]),
    )


def _fallback(prior: PriorKnowledge | None) -> dict[type[Exception], GeneratorSpec]:
    """Return what proposes where Ax's own acquisition repeats itself, as in Ax.

    Ax's node saves it not: after loading it is Ax's.
    """
    spec = GeneratorSpec(
        LaMOOGenerators.START,
        generator_kwargs={"prior": prior},
        generator_key_override="Fallback_Sobol",
    )
    return {GenerationStrategyRepeatedPoints: spec}


def _checked_device(device: str | None) -> torch.device | None:
    try:
        return None if device is None else torch.device(device)
    except (RuntimeError, TypeError, ValueError) as error:
        raise UserInputError(
            f"torch_device must be a device of torch's, such as 'cuda', or None, got {device!r}"
        ) from error


def _checked_point(point: Mapping[str, float] | None) -> dict[str, float]:
    with as_user_input():
        check_kind("reference_point", point, Mapping, type(None))
    values: list[Any] = list((point or {}).values())
    if not all(is_number(value) and math.isfinite(value) for value in values):
        raise UserInputError(
            f"reference_point must map metric names to finite numbers, got {point!r}"
        )
    return {str(name): float(value) for name, value in (point or {}).items()}
