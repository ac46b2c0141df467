"""The start: Sobol points as in Ax, and the engine's own where Ax cannot keep what was asked."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from ax.adapter.data_utils import ExperimentData
from ax.adapter.random import RandomAdapter
from ax.adapter.registry import MBM_X_trans_base
from ax.core.arm import Arm
from ax.core.data import Data
from ax.core.experiment import Experiment
from ax.core.generator_run import GeneratorRun
from ax.core.observation import ObservationFeatures
from ax.core.optimization_config import OptimizationConfig
from ax.core.parameter import ChoiceParameter, DerivedParameter, ParameterType, RangeParameter
from ax.core.search_space import SearchSpace
from ax.core.types import TParameterization
from ax.generation_strategy.center_generation_node import CenterGenerationNode
from ax.generation_strategy.transition_criterion import PausingCriterion
from ax.generators.random.sobol import SobolGenerator

from ax_lamoo.adapter import LaMOOAdapter
from ax_lamoo.encoding import Encoding, check_space, encoding_of, fixed_in
from ax_lamoo.exhaustion import ConfigurationsLeft, check_left
from ax_lamoo.generator import LaMOOGenerator
from ax_lamoo.goals import check_config, check_linear
from ax_lamoo.linear import EQUAL
from ax_lamoo.prior import PriorKnowledge
from ax_lamoo.task import logger
from ax_lamoo.transforms import ManyIntegersToFloat
from lamoo.space.polytope import DRAWS


@dataclass(init=False)
class CenterNode(CenterGenerationNode):
    """Ax's center of the space, as the first point, where what the user fixed or disabled is so.

    Ax's own ignores both (Ax 1.3.1). A center that cannot be so, as in another branch of a
    hierarchical space, is left out.
    """

    @property
    def pausing_criteria(self) -> Sequence[PausingCriterion]:
        """What limits a first batch, which begins here."""
        return [ConfigurationsLeft()]

    def should_transition_to_next_node(
        self,
        raise_data_required_error: bool = True,  # noqa: FBT001, FBT002  Ax's signature
    ) -> tuple[bool, str]:
        """Return whether to go on, and with which node: past a start that is over.

        Where an experiment has trials Ax skips the center, but asks the node after it for one trial
        before it looks whether that one's are there, too (Ax 1.3.1).
        """
        moves, name = super().should_transition_to_next_node(raise_data_required_error)
        if not moves:
            return moves, name
        following = self.generation_strategy.nodes_by_name[name]
        return True, following.should_transition_to_next_node(raise_data_required_error=False)[1]

    def gen(
        self,
        *,
        experiment: Experiment,
        pending_observations: dict[str, list[ObservationFeatures]] | None,
        skip_fit: bool = False,
        data: Data | None = None,
        n: int | None = None,
        fixed_features: ObservationFeatures | None = None,
        **gs_gen_kwargs: Any,
    ) -> GeneratorRun | None:
        """Propose the center, or nothing if it was tried or cannot be.

        Raises:
            UserInputError: if a parameter is fixed at what it cannot be, or preferences are to be
                learned.
        """
        check_config(experiment.optimization_config)
        fixed_features = fixed_in(fixed_features, experiment.search_space)
        self._fixed = {} if fixed_features is None else fixed_features.parameters
        return super().gen(
            experiment=experiment,
            pending_observations=pending_observations,
            skip_fit=skip_fit,
            data=data,
            n=n,
            fixed_features=fixed_features,
            **gs_gen_kwargs,
        )

    def compute_center_params(self) -> TParameterization | None:
        """Return the center with what is fixed or disabled, ``None`` if there is no such point."""
        center, space = super().compute_center_params(), self.search_space
        if center is None or space is None:
            return center
        parameters = space.parameters
        disabled = {n: parameters[n].default_value for n in center if parameters[n].is_disabled}
        pinned = {**disabled, **self._fixed}
        if not pinned:
            return center
        moved = {**center, **{name: parameters[name].cast(v) for name, v in pinned.items()}}
        for name, parameter in parameters.items():
            if isinstance(parameter, DerivedParameter):
                moved[name] = parameter.compute(parameters=moved)
        return moved if space.check_membership(moved) else None


class StartGenerator(SobolGenerator):
    """Ax's generator of Sobol points, which also holds what the user knows of the space.

    Args:
        prior: the user's functions of parameters.
        seed: of the scrambling; ``None`` follows torch's generator.
        init_position: how many points of the sequence were drawn before.
    """

    def __init__(
        self,
        *,
        prior: PriorKnowledge | None = None,
        seed: int | None = None,
        init_position: int = 0,
    ) -> None:
        """Start at a point of the sequence."""
        super().__init__(seed=seed, init_position=init_position)
        self.prior = prior


class StartAdapter(RandomAdapter):
    """Ax's adapter of Sobol points, for a start that keeps what the user said of the space.

    Ax applies a linear constraint to the positions of ordered choices, and of steps, instead of
    their values, cannot hold equalities of integers, cannot be told functions, and repeats arms of
    one call in a hierarchical space. There the engine's own start design proposes.
    """

    generator: StartGenerator

    def _transform_data(
        self, *, search_space: SearchSpace, **others: Any
    ) -> tuple[ExperimentData, SearchSpace]:
        """Transform data as Ax does.

        Raises:
            UserInputError: if the search space is one that Ax cannot keep.
        """
        check_space(search_space)
        transformed: tuple[ExperimentData, SearchSpace] = super()._transform_data(
            search_space=search_space, **others
        )
        return transformed

    def gen(
        self,
        n: int,
        search_space: SearchSpace | None = None,
        optimization_config: OptimizationConfig | None = None,
        pending_observations: dict[str, list[ObservationFeatures]] | None = None,
        fixed_features: ObservationFeatures | None = None,
        model_gen_options: dict[str, Any] | None = None,
    ) -> GeneratorRun:
        """Propose ``n`` arms without learning from outcomes, or all that are left.

        Raises:
            UserInputError: if a parameter is fixed at what it cannot be, or the goals are none that
                Ax can follow: no trial is to be paid for before that is said.
            SearchSpaceExhausted: if every configuration of a finite space was tried.
        """
        space = search_space or self._search_space
        if (config := optimization_config or self._experiment.optimization_config) is not None:
            check_linear(config.objective)
            check_config(config)
        fixed_features = fixed_in(fixed_features, space)
        if self.generator.prior is None:
            n = check_left(n, self._experiment, space, fixed_features, pending_observations)
        if self.generator.prior is None and not _beyond_sobol(space, fixed_features):
            began = time.monotonic()
            run = super().gen(
                n=n,
                search_space=search_space,
                optimization_config=optimization_config,
                pending_observations=pending_observations,
                fixed_features=fixed_features,
                model_gen_options=model_gen_options,
            )
            if not (space.is_hierarchical and _repeats(run, pending_observations or {})):
                logger.debug("start-up: Ax's Sobol points, %.3f s", time.monotonic() - began)
                return run
        run = self._engine(space).gen(
            n=n, pending_observations=pending_observations, fixed_features=fixed_features
        )
        run._generator_state_after_gen = self._get_serialized_model_state()  # noqa: SLF001
        return run

    def _engine(self, space: SearchSpace) -> LaMOOAdapter:
        """Return the engine, which has no data to learn from, for what Ax's Sobol cannot keep."""
        engine = LaMOOAdapter(
            experiment=self._experiment,
            generator=LaMOOGenerator(prior=self.generator.prior, seed=self.generator.seed),
            search_space=space,
            data=Data(),
            transforms=(ManyIntegersToFloat, *MBM_X_trans_base),
        )
        engine._set_kwargs_to_save(  # noqa: SLF001  as the registry does
            self._generator_key, self._generator_kwargs, self._adapter_kwargs
        )
        return engine


def _beyond_sobol(space: SearchSpace, fixed: ObservationFeatures | None) -> bool:
    """Tell whether a constraint is an equality, or about ordered choices, as steps are to Ax.

    Or so tight that Ax would draw thousands of points in vain, and then begin where constraints
    meet, from where it may find no other point, or end between integers. Or whether anything is
    fixed or disabled in a hierarchical space: there Ax also fixes all the rest, at arbitrary
    values, and then finds no second point (Ax 1.3.1).
    """
    pinned = space.get_disabled_parameter_fixed_features(fixed)
    if space.is_hierarchical and pinned is not None and pinned.parameters:
        return True
    if not space.parameter_constraints:
        return False
    encoding = encoding_of(space, None if fixed is None else fixed.parameters)
    return (
        bool(encoding.linear.solved)
        or encoding.space.known.draw is not None
        or any(
            isinstance(space.parameters[name], ChoiceParameter)
            for constraint in space.parameter_constraints
            for name in constraint.constraint_dict
        )
        or not _met_by_sobol(encoding)
    )


def _met_by_sobol(encoding: Encoding) -> bool:
    """Tell whether any of many random points keeps the linear constraints as Ax asks for it.

    Ax looks at numbers before they are rounded and after that: two integers that add up to 7 are
    real numbers at first, which never do. It draws for half a minute before it gives up, or ends in
    BoTorch's error if all integers lie on a border, as it also is where ``7 <= x + y <= 7.4``:
    it rounds numbers in other units (Ax 1.3.1).
    """
    tunable = encoding.search_space.tunable_parameters.values()
    U = np.random.default_rng(0).random((DRAWS, len(tunable)))
    N = np.zeros(U.shape)
    for j, own in enumerate(tunable):
        if isinstance(own, RangeParameter):
            N[:, j] = own.lower + U[:, j] * (own.upper - own.lower)
            if own.name in encoding.fixed:
                N[:, j] = float(encoding.fixed[own.name])
    whole = [getattr(own, "parameter_type", None) == ParameterType.INT for own in tunable]
    rounded = np.where(whole, np.round(N), N)
    off = np.maximum(encoding.linear.violation(N), encoding.linear.violation(rounded))
    return bool((off < -2 * EQUAL).any())


def _repeats(run: GeneratorRun, pending: Mapping[str, Sequence[ObservationFeatures]]) -> bool:
    """Tell whether arms repeat each other, or what was proposed and has no trial yet.

    Sobol points that differ in nothing that their branch has are one arm. Ax's node looks at the
    trials that there are, and not at those that were asked for in the same call (Ax 1.3.1).
    """
    found = [arm.signature for arm in run.arms]
    waiting = {
        Arm(parameters=row.parameters).signature for rows in pending.values() for row in rows
    }
    return len({*found}) < len(found) or not waiting.isdisjoint(found)
