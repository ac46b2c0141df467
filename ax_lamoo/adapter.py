"""The adapters: tell the generators what only the experiment knows."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch
from ax.adapter.base import BaseGenArgs, gen_arms
from ax.adapter.data_utils import ExperimentData
from ax.adapter.registry import MBM_X_trans_base
from ax.adapter.torch import TorchAdapter
from ax.adapter.transforms.base import Transform
from ax.adapter.transforms.cast import Cast
from ax.adapter.transforms.fill_missing_parameters import FillMissingParameters
from ax.core.arm import Arm
from ax.core.data import MAP_KEY, Data
from ax.core.experiment import Experiment
from ax.core.generator_run import GeneratorRun
from ax.core.observation import ObservationFeatures
from ax.core.optimization_config import (
    OptimizationConfig,
    PreferenceOptimizationConfig,
)
from ax.core.parameter import RangeParameter
from ax.core.search_space import SearchSpace
from ax.exceptions.core import AxOptimizationWarning, UserInputError
from ax.generators.types import TConfig
from ax.utils.common.constants import Keys
from botorch.utils.datasets import SupervisedDataset

from ax_lamoo.curves import stopped_curves
from ax_lamoo.encoding import Params, check_space, encoding_of, fixed_in
from ax_lamoo.exhaustion import all_left, check_left
from ax_lamoo.features import features_of, parameter_of
from ax_lamoo.generator import CONFINED, LaMOOGenerator
from ax_lamoo.goals import (
    Goals,
    check_bounds,
    check_linear,
    check_preferences,
    goals_beforehand,
    goals_of,
    judged,
    with_reference,
    with_sums,
)
from ax_lamoo.measured import (
    Measured,
    curve_of,
    inside_of,
    measured_of,
    own_seed,
    unmeasured_of,
    with_whole_sems,
    without_steps,
)
from ax_lamoo.task import Task, announce, logger, task_of
from ax_lamoo.transforms import ManyIntegersToFloat
from lamoo.arrays import Floats
from lamoo.curves import Curve
from lamoo.search import WHOLE
from lamoo.task import warn_once

#: What a proposal needs while there are no outcomes.
WITHOUT_DATA = (FillMissingParameters, Cast, ManyIntegersToFloat, *MBM_X_trans_base)


class LaMOOAdapter(TorchAdapter):
    """Ax's adapter between experiments and torch, which also passes on failures and conditions."""

    generator: LaMOOGenerator
    fit_time_since_gen: float

    def gen(
        self,
        n: int,
        search_space: SearchSpace | None = None,
        optimization_config: OptimizationConfig | None = None,
        pending_observations: dict[str, list[ObservationFeatures]] | None = None,
        fixed_features: ObservationFeatures | None = None,
        model_gen_options: dict[str, Any] | None = None,
    ) -> GeneratorRun:
        """Propose ``n`` arms, as Ax's adapter does; nothing is predicted for them.

        By default for the experiment's goals as they are now. What nothing can be judged by yet
        (:func:`ax_lamoo.goals.judged`) does not limit it.

        Raises:
            UserInputError: if the goals are none that Ax can follow, or a parameter is fixed at
                what it cannot be.
            SearchSpaceExhausted: if every configuration of a finite space was tried.
        """
        space = search_space or self._search_space
        fixed_features = fixed_in(fixed_features, space)
        config = self._goals(optimization_config)
        if not self.outcomes:  # before any trial is paid for
            check_preferences(config)
        start = time.monotonic()
        options = model_gen_options or {}
        everything = {**self._default_model_gen_options, **options}
        by_ax = partial(
            super().gen,
            search_space=search_space,
            optimization_config=config,
            pending_observations=pending_observations,
            fixed_features=fixed_features,
        )
        if not self._engine_proposes(config, everything):
            if not _in_sample(everything):
                n = check_left(n, self._experiment, space, fixed_features, pending_observations)
            run = by_ax(n=n, model_gen_options=model_gen_options)
            logger.debug("left to Ax's default acquisition, %.3f s", time.monotonic() - start)
            return run
        self._validate_gen_inputs(n)
        waiting = pending_observations or {}
        task = self._task(
            space,
            config,
            [row.parameters for key in self.outcomes or waiting for row in waiting.get(key, [])],
            fixed_features.parameters if fixed_features is not None else {},
        )
        rng = self.generator.rng(task.history, own_seed(self._experiment))
        if self.generator.confined and self._measured_all(config):
            return self._confined(n, task, rng, by_ax, options, start)
        X = self.generator.propose(n, task, rng)
        announce(task, self._experiment, task.settings.chosen_solver.name)
        return self._run(task, X, space, config, start)

    def _confined(
        self,
        n: int,
        task: Task,
        rng: np.random.Generator,
        by_ax: Callable[..., GeneratorRun],
        options: Mapping[str, Any],
        start: float,
    ) -> GeneratorRun:
        """Propose by Ax's acquisition, confined to a leaf.

        Args:
            n: how many arms; in a finite space all that are left, if those are fewer.
            task: the experiment.
            rng: draws points of the leaf, and the seed of Ax's proposal.
            by_ax: Ax's own way to propose, which lacks ``n`` and ``model_gen_options``.
            options: the latter.
            start: when the proposal began, by the monotonic clock.

        Raises:
            SearchSpaceExhausted: if every configuration of a finite space was tried.
        """
        announce(task, self._experiment, CONFINED)
        left = all_left(task, self._experiment)
        n = n if left is None else min(n, len(left))
        features = partial(features_of, task.encoding, self.parameters, self.transforms)
        leaf = self.generator.leaf(n, task, left, rng, features)
        key = Keys.AX_ACQUISITION_KWARGS.value
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(rng.integers(2**31)))
            confined = {**options, key: {**options.get(key, {}), "leaf": leaf}}
            run = by_ax(n=n, model_gen_options=confined)
        logger.debug(
            "after %d results: model phase: solver %s in %s, %s, %.3f s",
            task.history.n,
            CONFINED,
            WHOLE if leaf is None else f"the leaf, {len(leaf.place.members)} results",
            task.measured_from,
            time.monotonic() - start,
        )
        return run

    def _engine_proposes(
        self, config: OptimizationConfig | None, options: Mapping[str, Any]
    ) -> bool:
        """Tell whether the engine knows all that was asked for, otherwise Ax proposes.

        Raises:
            UserInputError: if the user knows something that Ax cannot use.
        """
        if not self._measured_all(config):  # what Ax's models ask for
            return True
        if config is None:
            return False
        reason = self._left_to_ax(config, options)
        prior = self.generator.prior
        if reason is not None and prior is not None:
            raise UserInputError(
                f"{', '.join(prior.names)}: LaMOO leaves {reason} to Ax, which cannot use "
                "them; use a strategy without"
            )
        if reason is not None and config.is_moo_problem:
            warn_once(logger, f"LaMOO leaves {reason} to Ax's default acquisition.")
        return reason is None

    def _measured_all(self, config: OptimizationConfig | None) -> bool:
        """Tell whether there is an outcome, and one of each metric that is an objective."""
        wanted = () if config is None else config.objective.metric_signatures
        return bool(self.outcomes) and set(wanted) <= set(self.outcomes)

    def _left_to_ax(self, config: OptimizationConfig, options: Mapping[str, Any]) -> str | None:
        """Return what the engine lacks for a proposal, ``None`` if nothing."""
        widths = {(data.Y.shape[-1], data.X.shape[-1]) for data in self.generator.datasets}
        tasks = self._search_space.parameters.values()
        reasons = {
            "one objective": not config.is_moo_problem,
            "several tasks": any(getattr(parameter, "is_task", False) for parameter in tasks),
            "learned preferences": isinstance(config, PreferenceOptimizationConfig),
            "a candidate set": _in_sample(options),
            "contextual data": bool(widths - {(1, len(self.parameters))}),
        }
        return next((reason for reason, holds in reasons.items() if holds), None)

    def _run(
        self,
        task: Task,
        X: Floats,
        space: SearchSpace,
        config: OptimizationConfig | None,
        start: float,
    ) -> GeneratorRun:
        """Return points (n, d) as what Ax keeps of a proposal.

        Args:
            task: that they are for.
            X: the points.
            space: the search space.
            config: what the user wants.
            start: when the proposal began, by the monotonic clock.
        """
        arms, metadata = gen_arms(task.encoding.observation_features(X), self._arms_by_signature)
        immutable = self._experiment_has_immutable_search_space_and_opt_config
        config = with_reference(config, self.generator.reference_point)
        if config is not None:  # a copy: SQL storage writes the numbers of its rows into it
            config = config.clone_with_args(pruning_target_parameterization=None)
        run = GeneratorRun(
            arms=arms,
            optimization_config=None if immutable else config,
            search_space=None if immutable else space.clone(),
            fit_time=self.fit_time_since_gen,
            gen_time=time.monotonic() - start,
            generator_key=self._generator_key,
            generator_kwargs=self._generator_kwargs,
            adapter_kwargs=self._adapter_kwargs,
            gen_metadata={
                "solver": task.settings.solver,
                "observations": task.history.n,
            },
            generator_state_after_gen=self._get_serialized_model_state(),
            candidate_metadata_by_arm_signature=metadata,
        )
        self.fit_time_since_gen = 0.0
        return run

    def _asked(self) -> OptimizationConfig | None:
        """Return what the user wants: what this adapter was made for, or else the experiment."""
        own = (self._adapter_kwargs or {}).get("optimization_config")
        return own or self._experiment.optimization_config or self._optimization_config

    def _goals(self, asked: OptimizationConfig | None = None) -> OptimizationConfig | None:
        """Return what the user wants, as far as it can be judged, and warn of what cannot.

        Args:
            asked: what the user wants, if that is not what they always want.
        """
        asked = asked or self._asked()
        if asked is None:
            return None
        check_bounds(asked)
        baseline = self.status_quo.data.metric_signatures if self.status_quo is not None else ()
        config, left_out = judged(asked, self._metric_signatures, baseline)
        for sentence in left_out:
            warn_once(logger, sentence)
        return config

    def _process_and_transform_data(
        self, experiment: Experiment, data: Data | None = None
    ) -> tuple[ExperimentData, SearchSpace]:
        """Learn new data, for goals that may be new, too; Ax keeps those that it started with."""
        self._optimization_config = config = self._asked()
        self.is_moo_problem = config is not None and config.is_moo_problem
        transformed: tuple[ExperimentData, SearchSpace] = super()._process_and_transform_data(
            experiment=experiment, data=data
        )
        return transformed

    def _transform_data(
        self,
        experiment_data: ExperimentData,
        search_space: SearchSpace,
        transforms: Sequence[type[Transform]] | None,
        transform_configs: Mapping[str, TConfig],
        assign_transforms: bool = True,  # noqa: FBT001, FBT002  Ax's signature
    ) -> tuple[ExperimentData, SearchSpace]:
        """Transform data as Ax does; without any outcome, only what needs none.

        Some transforms look at the goals, as far as they can be judged by now. Ax's advice on
        winsorising is for proposals that are made by its model.

        Raises:
            UserInputError: if the search space is one that Ax cannot keep.
        """
        check_space(search_space)
        if experiment_data.observation_data.empty:
            transforms = [t for t in transforms or () if t in WITHOUT_DATA]
        if assign_transforms:  # the last call, which comes when the baseline is known
            self._optimization_config = self._goals(self._optimization_config)
            self.transforms.clear()  # those of an adapter that had no outcomes before
        with warnings.catch_warnings():
            # the first call comes before there is a generator, and transforms no outcome
            if self.is_moo_problem and hasattr(self, "generator") and not self.generator.confined:
                warnings.filterwarnings("ignore", "(?s).*winsoriz", AxOptimizationWarning)
            transformed: tuple[ExperimentData, SearchSpace] = super()._transform_data(
                experiment_data=experiment_data,
                search_space=search_space,
                transforms=transforms,
                transform_configs=transform_configs,
                assign_transforms=assign_transforms,
            )
        return transformed

    def _convert_experiment_data(
        self, experiment_data: ExperimentData, *args: Any, **kwargs: Any
    ) -> tuple[list[SupervisedDataset], list[str], list[list[dict[str, Any] | None]] | None]:
        """Return the data for Ax's model, as Ax does, and let it find noise that is half known.

        Of a metric with standard errors for some arms and none for others Ax passes on NaN for the
        others, which BoTorch refuses. A parameter that is called as a curve's steps are (``step``)
        ends in an error of pandas' (Ax 1.3.1): for Ax's model there is then no curve.
        """
        known = with_whole_sems(experiment_data)
        if MAP_KEY in self._search_space.parameters:
            known = without_steps(known)
        converted: tuple[
            list[SupervisedDataset], list[str], list[list[dict[str, Any] | None]] | None
        ] = super()._convert_experiment_data(known, *args, **kwargs)
        return converted

    def task(self) -> Task:
        """Return the experiment in the engine's terms, for looking at its partition."""
        return self._task(self._search_space, self._goals())

    def _task(
        self,
        space: SearchSpace,
        config: OptimizationConfig | None,
        pending: Sequence[Params] | None = None,
        fixed: Params | None = None,
    ) -> Task:
        """Return the experiment in the engine's terms.

        What is pending counts for a proposal (``None`` if this is for none): what Ax gives, and all
        else that waits for its data.

        Outcomes are as they were measured. Ax's are standardised by all of them, so that each new
        one changes all others; and winsorised, so that many are equal. The engine has its own ways.
        """
        experiment, training = self._experiment, self._training_data
        # Ax's own model has the step for a parameter, the engine learns curves as such
        added = MAP_KEY in self.parameters and MAP_KEY not in self._search_space.parameters
        stepped = self.generator.confined and added
        curve = curve_of(training) if stepped else None
        goals, measured = self._wanted(config, curve)
        if self.outcomes:
            failed, waiting = unmeasured_of(experiment, training, self._model_space)
            pending = [] if pending is None else [*pending, *waiting]
        else:  # all that were tried, whatever came of them
            tried = inside_of(experiment.arms_by_name.values(), self._model_space)
            failed, pending = [], [*(arm.parameters for arm in tried), *(pending or ())]
        return task_of(
            encoding_of(space, fixed, curve),
            goals,
            measured,
            pending,
            failed,
            settings=self.generator.settings,
            prior=self.generator.prior,
        )

    def _wanted(
        self, config: OptimizationConfig | None, curve: RangeParameter | None
    ) -> tuple[Goals, Measured]:
        """Return what is optimized, and what was measured of that."""
        if config is None:
            return Goals.none(), Measured.nothing(())
        if not self.outcomes:
            metrics = sorted(config.metric_signatures)
            return goals_beforehand(config, metrics), Measured.nothing(metrics)
        check_linear(config.objective)
        wanted = self._absolute(with_reference(config, self.generator.reference_point))
        measured = self._measured(wanted.metric_signatures, curve)
        return goals_of(wanted, measured.metrics), measured

    def _absolute(self, config: Any) -> Any:
        """Return an optimization config whose bounds do not refer to the baseline any more."""
        if (derelativize := self.transforms.get("Derelativize")) is None:
            return config
        return derelativize.transform_optimization_config(
            with_sums(config).clone(),
            adapter=self,
            fixed_features=ObservationFeatures(parameters={}),
        )

    def _measured(
        self, needed: Iterable[str] = (), curve: RangeParameter | None = None
    ) -> Measured:
        """Return the arms that have data, and their outcomes.

        Args:
            needed: metrics that are listed although nobody reported them.
            curve: where on their curves arms were measured, if that matters.
        """
        metrics = [*self.outcomes, *sorted(set(needed) - set(self.outcomes))]
        training, inside = self._training_data, self._training_in_design_idx
        return measured_of(self._experiment, training, inside, metrics, curve)

    @property
    def search_space(self) -> SearchSpace:
        """The experiment's search space."""
        return self._search_space

    @property
    def arms_by_name(self) -> dict[str, Arm]:
        """The experiment's arms."""
        return dict(self._experiment.arms_by_name)

    def stopped_early(self) -> dict[str, Curve]:
        """Return what arms measured whose trials were stopped early, by name."""
        return stopped_curves(self._experiment, self.outcomes)

    def _get_transformed_gen_args(
        self,
        search_space: SearchSpace,
        optimization_config: OptimizationConfig | None = None,
        pending_observations: dict[str, list[ObservationFeatures]] | None = None,
        fixed_features: ObservationFeatures | None = None,
    ) -> BaseGenArgs:
        """Transform them as Ax does, with the strategy's reference point and constraints on sums.

        In a hierarchical space Ax completes what was fixed by arbitrary values for all other
        parameters, as if those were fixed too; they are taken out again.
        """
        config = with_reference(
            optimization_config or self._goals(), self.generator.reference_point
        )
        args = super()._get_transformed_gen_args(
            search_space=search_space,
            optimization_config=None if config is None else self._absolute(config),
            pending_observations=pending_observations,
            fixed_features=fixed_features,
        )
        if (transformed := args.optimization_config) is not None:
            args = replace(args, optimization_config=with_sums(transformed))
        asked = search_space.get_disabled_parameter_fixed_features(fixed_features)
        if not search_space.is_hierarchical or asked is None:
            return args
        kept = {
            feature: value
            for feature, value in args.fixed_features.parameters.items()
            if parameter_of(feature) in asked.parameters
        }
        return replace(args, fixed_features=args.fixed_features.clone(kept))


def _in_sample(options: Mapping[str, Any]) -> bool:
    """Tell whether Ax is to choose among given candidates, for which arms may come again."""
    return "sampling_strategy_class" in options or bool(options.get("in_sample", False))
