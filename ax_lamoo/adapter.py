"""The adapters: tell the generators what only the experiment knows."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from zlib import crc32

import numpy as np
import torch
from ax.adapter.adapter_utils import (
    extract_equality_constraints,
    extract_inequality_constraints,
    extract_outcome_constraints,
    extract_search_space_digest,
    get_fixed_features,
)
from ax.adapter.base import BaseGenArgs, GenResults
from ax.adapter.data_utils import ExperimentData
from ax.adapter.random import RandomAdapter
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
from ax.core.optimization_config import MultiObjectiveOptimizationConfig, OptimizationConfig
from ax.core.outcome_constraint import OutcomeConstraint
from ax.core.parameter import ChoiceParameter, Parameter
from ax.core.search_space import SearchSpace
from ax.core.trial_status import TrialStatus
from ax.exceptions.core import AxOptimizationWarning, UserInputError
from ax.generators.torch_base import TorchOptConfig
from ax.generators.types import TConfig

from ax_lamoo.convert import Branch, Columns, Known, Measured, parameter_of
from ax_lamoo.generator import KNOWN, LaMOOGenerator, StartGenerator, Task
from ax_lamoo.goals import check_linear, metrics_alone, thresholds_of, weights_of
from ax_lamoo.sources import known_value
from lamoo.arrays import Bools, Floats

#: So many arms tell an experiment from another.
FIRST_ARMS = 32

#: What a proposal needs while there are no outcomes.
WITHOUT_DATA = (FillMissingParameters, Cast, *MBM_X_trans_base)


class LaMOOAdapter(TorchAdapter):
    """Ax's adapter between experiments and torch, which also passes on failures and conditions."""

    generator: LaMOOGenerator

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

        By default for the experiment's goals as they are now.

        Raises:
            UserInputError: if the goals are none that Ax can follow, or a parameter is fixed at
                what it cannot be.
        """
        _check_fixed(fixed_features, search_space or self._search_space)
        config = optimization_config or self._goals()
        known = self._known(config) if config is not None and self.outcomes else None
        with self.generator.proposing():
            return super().gen(
                n=n,
                search_space=search_space,
                optimization_config=config,
                pending_observations=pending_observations,
                fixed_features=fixed_features,
                model_gen_options={**(model_gen_options or {}), KNOWN: known},
            )

    def _goals(self) -> OptimizationConfig | None:
        """Return what the user wants: what this adapter was made for, or else the experiment."""
        own = (self._adapter_kwargs or {}).get("optimization_config")
        return own or self._experiment.optimization_config or self._optimization_config

    def _process_and_transform_data(
        self, experiment: Experiment, data: Data | None = None
    ) -> tuple[ExperimentData, SearchSpace]:
        """Learn new data, for goals that may be new, too; Ax keeps those that it started with."""
        self._optimization_config = config = self._goals()
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

        Its advice on winsorising is for proposals that are made by its model.
        """
        if experiment_data.observation_data.empty:
            transforms = [t for t in transforms or () if t in WITHOUT_DATA]
        if assign_transforms:
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

    def task(self) -> Task:
        """Return the experiment in the engine's terms, for looking at its partition."""
        args = self._get_transformed_gen_args(search_space=self._search_space.clone())
        digest, config = self._get_transformed_model_gen_args(
            search_space=args.search_space,
            pending_observations=args.pending_observations,
            fixed_features=args.fixed_features,
            optimization_config=args.optimization_config,
        )
        goals = self._goals()
        assert goals is not None  # noqa: S101 - there are several objectives
        return self.generator.task(digest, config, self._known(goals))

    @property
    def search_space(self) -> SearchSpace:
        """The experiment's search space."""
        return self._search_space

    @property
    def arms_by_name(self) -> dict[str, Arm]:
        """The experiment's arms."""
        return dict(self._experiment.arms_by_name)

    def outcomes_of(self, names: Sequence[str]) -> dict[str, Floats]:
        """Return the outcomes of arms, each of shape ``(n,)``, by name."""
        measured = self._measured()
        rows = [measured.arms.index(name) for name in names]
        return dict(zip(measured.metrics, measured.outcomes[rows].T, strict=True))

    def _get_transformed_gen_args(
        self,
        search_space: SearchSpace,
        optimization_config: OptimizationConfig | None = None,
        pending_observations: dict[str, list[ObservationFeatures]] | None = None,
        fixed_features: ObservationFeatures | None = None,
    ) -> BaseGenArgs:
        """Transform them as Ax does, with the strategy's reference point.

        In a hierarchical space Ax completes what was fixed by arbitrary values for all other
        parameters, as if those were fixed too; they are taken out again.
        """
        args = super()._get_transformed_gen_args(
            search_space=search_space,
            optimization_config=self._with_reference(optimization_config),
            pending_observations=pending_observations,
            fixed_features=fixed_features,
        )
        asked = search_space.get_disabled_parameter_fixed_features(fixed_features)
        if not search_space.is_hierarchical or asked is None:
            return args
        kept = {
            feature: value
            for feature, value in args.fixed_features.parameters.items()
            if parameter_of(feature) in asked.parameters
        }
        return replace(args, fixed_features=args.fixed_features.clone(kept))

    def _gen(
        self,
        n: int,
        search_space: SearchSpace,
        pending_observations: dict[str, list[ObservationFeatures]],
        fixed_features: ObservationFeatures | None,
        model_gen_options: dict[str, Any] | None = None,
        optimization_config: OptimizationConfig | None = None,
    ) -> GenResults:
        if not self.outcomes:
            return self._start(n, search_space, pending_observations, fixed_features)
        return super()._gen(
            n=n,
            search_space=search_space,
            pending_observations=pending_observations,
            fixed_features=fixed_features,
            model_gen_options=model_gen_options,
            optimization_config=optimization_config,
        )

    def _start(
        self,
        n: int,
        search_space: SearchSpace,
        pending_observations: dict[str, list[ObservationFeatures]],
        fixed_features: ObservationFeatures | None,
    ) -> GenResults:
        """Propose without outcomes, which Ax's terminal transform would ask for."""
        limits, equal = (
            found and (torch.tensor(found[0]), torch.tensor(found[1]))
            for extract in (extract_inequality_constraints, extract_equality_constraints)
            for found in [extract(search_space.parameter_constraints, self.parameters)]
        )
        arms = [
            arm.parameters
            for arm in self._experiment.arms_by_name.values()
            if self._model_space.check_membership(arm.parameters)
        ]
        pending = [self._rows(rows) for rows in pending_observations.values()]
        results = self.generator.propose(
            n,
            extract_search_space_digest(search_space, self.parameters),
            TorchOptConfig(
                objective_weights=torch.empty(0, 0),
                linear_constraints=limits,
                equality_constraints=equal,
                fixed_features=get_fixed_features(fixed_features, self.parameters),
                # all that were tried, whatever came of them
                pending_observations=[torch.tensor(F) for F in (self._features(arms), *pending)],
            ),
            self._unmeasured(),
        )
        found = self._array_to_observation_features(results.points.numpy(), None)
        return GenResults(found, results.weights.tolist(), gen_metadata=dict(results.gen_metadata))

    def _unmeasured(self) -> Known:
        """Return what the experiment says of its outcomes while there are none."""
        config = self._goals()
        metrics = [] if config is None else list(config.objective.metric_signatures)
        weights = np.empty((0, 0)) if config is None else weights_of(config.objective, metrics)
        none = np.empty((0, len(metrics)))
        features = np.empty((0, len(self.parameters)))
        return self._knowledge(
            Measured((), features, tuple(metrics), none, none, np.empty(0, dtype=bool)),
            weights,
            np.full(len(weights), np.nan),
            (none, np.empty(0)),
            features,
        )

    def _known(self, config: OptimizationConfig) -> Known:
        """Return what the experiment holds, outcomes as they were measured, for some goals.

        Ax's outcomes are standardised by all of them, so that each new one changes all others; and
        winsorised, so that many are equal. The engine has its own ways.
        """
        check_linear(config.objective)
        goals: Any = self._with_reference(config)
        if (derelativize := self.transforms.get("Derelativize")) is not None:
            goals = derelativize.transform_optimization_config(
                goals.clone(), adapter=self, fixed_features=ObservationFeatures(parameters={})
            )
        measured = self._measured(goals.metric_signatures)
        metrics = list(measured.metrics)
        objectives, thresholds = weights_of(goals.objective, metrics), None
        if goals.is_moo_problem:
            thresholds = thresholds_of(goals, objectives, metrics)
        A, b = extract_outcome_constraints(goals.outcome_constraints, metrics) or (
            np.empty((0, len(metrics))),
            np.empty(0),
        )
        if thresholds is None:
            thresholds = np.full(len(objectives), np.nan)
        return self._knowledge(measured, objectives, thresholds, (A, b.ravel()), self._lost())

    def _knowledge(
        self,
        measured: Measured,
        objectives: Floats,
        thresholds: Floats,
        constraints: tuple[Floats, Floats],
        failed: Floats,
    ) -> Known:
        """Return outcomes and goals with what does not depend on them."""
        return Known(
            measured=measured,
            objectives=objectives,
            thresholds=thresholds,
            constraints=constraints,
            failed=failed,
            branches=self._branches(),
            search_space=repr(self._search_space.parameters),
            decode=self._active_parameters,
            encode=self._points,
            seed=self._own_seed(),
        )

    def _own_seed(self) -> int | None:
        """Return a number that belongs to this experiment, wherever it was loaded.

        That of its first arms; they follow ``Client(random_seed=...)``, which Ax does not store.
        ``None`` while there are none.
        """
        trials = self._experiment.trials.values()
        names = [arm.signature for trial in trials for arm in trial.arms][:FIRST_ARMS]
        return crc32("".join(names).encode()) if names else None

    def users_parameters(self, columns: Columns, X: Floats) -> list[dict[str, Any]]:
        """Return the user's parameters at points (n, d), all of them, whether active or not."""
        rows = [
            ObservationFeatures(parameters=dict(zip(self.parameters, row, strict=True)))
            for row in columns.decode(X).tolist()
        ]
        for transform in reversed(list(self.transforms.values())):
            if not isinstance(transform, Cast):  # which would drop what is not active
                rows = transform.untransform_observation_features(rows)
        return [row.parameters for row in rows]

    def _points(self, columns: Columns, params: Sequence[Mapping[str, Any]]) -> Floats:
        """Return the engine's points (n, d) of the user's parameters.

        Of some that were made elsewhere: NaN where the search space does not know one or its value.
        """
        X = np.full((len(params), len(columns.columns)), np.nan)
        for j, column in enumerate(columns.columns):
            parameter = self._search_space.parameters.get(column.name)
            if parameter is None:
                continue
            given = [known_value(parameter, row.get(column.name)) for row in params]
            rows = [i for i, value in enumerate(given) if value is not None]
            features = [ObservationFeatures(parameters={column.name: given[i]}) for i in rows]
            for transform in self.transforms.values():
                if not isinstance(transform, Cast):  # which asks for complete parameterizations
                    features = transform.transform_observation_features(features)
            F = np.zeros((len(rows), columns.width))
            for k in column.features:
                F[:, k] = [float(row.parameters[self.parameters[k]]) for row in features]
            X[rows, j] = np.clip(column.to_unit(F), -1.0, 2.0)
        return X

    def _active_parameters(self, columns: Columns, X: Floats) -> list[dict[str, Any]]:
        """Return the user's parameters at points (n, d), those left out that are inactive."""
        inactive = np.isnan(X)
        names = np.array([column.name for column in columns.columns])
        return [
            {name: value for name, value in params.items() if name not in left_out}
            for params, row in zip(self.users_parameters(columns, X), inactive, strict=True)
            for left_out in [set(names[row])]
        ]

    def _measured(self, needed: Sequence[str] = ()) -> Measured:
        """Return the arms that have data, and their outcomes.

        Of an arm that was measured along a curve, the last measurement counts, once the trial has
        ended: where on the curve that was is a feature to Ax.

        Args:
            needed: metrics that are listed although nobody reported them.
        """
        keys = ["trial_index", "arm_name"]
        metrics = [*self.outcomes, *sorted(set(needed) - set(self.outcomes))]
        data = self._training_data.observation_data
        parts = {part: data[part].reindex(columns=metrics) for part in ("mean", "sem")}
        table = {
            part: frame.reset_index(frame.index.names.difference(keys)).groupby(level=keys).last()
            for part, frame in parts.items()
        }
        arms = self._last_experiment_data.arm_data
        table = {part: frame[frame.index.isin(arms.index)] for part, frame in table.items()}
        means = table["mean"]
        arms = arms.loc[means.index]
        columns = [(arms if name in arms else means)[name] for name in self.parameters]
        outcomes = means[metrics].to_numpy(dtype=float, copy=True)
        running = self._running(means.index.get_level_values("trial_index"))
        if MAP_KEY in means:
            outcomes[running & means[MAP_KEY].notna().to_numpy()] = np.nan
        return Measured(
            arms=tuple(means.index.get_level_values("arm_name")),
            features=np.column_stack([column.to_numpy(dtype=float) for column in columns]),
            metrics=tuple(metrics),
            outcomes=outcomes,
            sems=table["sem"][metrics].to_numpy(dtype=float),
            running=running,
        )

    def _running(self, trials: Sequence[int]) -> Bools:
        """Tell which trials (n,) may report more."""
        status = [self._experiment.trials[index].status for index in trials]
        return np.array([not each.is_terminal for each in status], dtype=bool)

    def _lost(self) -> Floats:
        """Return the feature rows (k, f) of arms that ended without any data."""
        measured = set(self._training_data.observation_data.index.get_level_values("arm_name"))
        ended = (TrialStatus.FAILED, TrialStatus.COMPLETED, TrialStatus.EARLY_STOPPED)
        arms = [
            arm
            for trial in self._experiment.trials.values()
            if trial.status in ended
            for arm in trial.arms
            if arm.name not in measured and self._model_space.check_membership(arm.parameters)
        ]
        return self._features([arm.parameters for arm in arms])

    def _features(self, parameters: Sequence[dict[str, Any]]) -> Floats:
        """Return the feature rows (n, f) of complete parameterizations."""
        rows = [ObservationFeatures(parameters=dict(p)) for p in parameters]
        for transform in self.transforms.values():
            rows = transform.transform_observation_features(rows)
        return self._rows(rows)

    def _rows(self, observations: Sequence[ObservationFeatures]) -> Floats:
        """Return the feature rows (n, f) of what was transformed."""
        F = [[float(o.parameters[name]) for name in self.parameters] for o in observations]
        return np.array(F).reshape(-1, len(self.parameters))

    def _branches(self) -> tuple[Branch, ...]:
        """Return which choices of which parameter activate which, parents before children."""
        parents = {n: p for n, p in self._search_space.parameters.items() if p.is_hierarchical}
        kept = set(map(parameter_of, self.parameters))
        branches: list[Branch] = []
        nested = {c for p in parents.values() for some in p.dependents.values() for c in some}
        level = [name for name in parents if name not in nested]
        while level:
            name = level.pop(0)
            activates: dict[str, list[Any]] = {}
            for value, children in parents[name].dependents.items():
                for child in children:
                    activates.setdefault(child, []).append(value)
            level += [child for child in activates if child in parents]
            # a fixed parameter has no feature: what depends on it is always active
            branches += [
                self._branch(child, name, values)
                for child, values in activates.items()
                if {child, name} <= kept
            ]
        return tuple(branches)

    def _branch(self, child: str, parent: str, values: Sequence[Any]) -> Branch:
        rows = [ObservationFeatures(parameters={parent: value}) for value in values]
        for transform in self.transforms.values():
            if not isinstance(transform, Cast):  # which asks for complete parameterizations
                rows = transform.transform_observation_features(rows)
        F = [[float(row.parameters.get(name, 0.0)) for name in self.parameters] for row in rows]
        return Branch(child, parent, tuple(tuple(row) for row in F))

    def _with_reference(self, config: OptimizationConfig | None) -> OptimizationConfig | None:
        """Return the optimization config with the strategy's reference point as thresholds.

        Raises:
            UserInputError: if it names something that is no objective.
        """
        point = self.generator.reference_point
        config = config or self._goals()
        if not point or not isinstance(config, MultiObjectiveOptimizationConfig):
            return config
        weights = metrics_alone(config.objective)
        unknown = sorted(set(point) - set(weights))
        if unknown:
            raise UserInputError(
                f"reference_point names {unknown}, but the objectives are {sorted(weights)}"
            )
        signatures = config.objective.metric_name_to_signature
        thresholds = [
            OutcomeConstraint(
                expression=f"{name} {'<=' if weights[name] < 0 else '>='} {bound!r}",
                metric_name_to_signature={name: signatures[name]},
            )
            for name, bound in point.items()
        ]
        others = [t for t in config.objective_thresholds if t.metric_names[0] not in point]
        return config.clone_with_args(objective_thresholds=[*others, *thresholds])


class StartAdapter(RandomAdapter):
    """Ax's adapter of Sobol points, for a start that keeps what the user said of the space.

    Ax applies a linear constraint to the positions of ordered choices, and of steps, instead of
    their values, cannot hold equalities of integers, and cannot be told functions. There the
    engine's own start design proposes.
    """

    generator: StartGenerator

    def gen(
        self,
        n: int,
        search_space: SearchSpace | None = None,
        optimization_config: OptimizationConfig | None = None,
        pending_observations: dict[str, list[ObservationFeatures]] | None = None,
        fixed_features: ObservationFeatures | None = None,
        model_gen_options: dict[str, Any] | None = None,
    ) -> GeneratorRun:
        """Propose ``n`` arms without learning from outcomes.

        Raises:
            UserInputError: if a parameter is fixed at what it cannot be.
        """
        space = search_space or self._search_space
        _check_fixed(fixed_features, space)
        if self.generator.told is None and not _beyond_sobol(space):
            return super().gen(
                n=n,
                search_space=search_space,
                optimization_config=optimization_config,
                pending_observations=pending_observations,
                fixed_features=fixed_features,
                model_gen_options=model_gen_options,
            )
        engine = LaMOOAdapter(
            experiment=self._experiment,
            generator=LaMOOGenerator(told=self.generator.told, seed=self.generator.seed),
            search_space=space,
            data=Data(),
            transforms=MBM_X_trans_base,
        )
        engine._set_kwargs_to_save(  # noqa: SLF001  as the registry does
            self._generator_key, self._generator_kwargs, self._adapter_kwargs
        )
        run = engine.gen(
            n=n, pending_observations=pending_observations, fixed_features=fixed_features
        )
        run._generator_state_after_gen = self._get_serialized_model_state()  # noqa: SLF001
        return run


def _beyond_sobol(space: SearchSpace) -> bool:
    """Tell whether a constraint is an equality, or about ordered choices, as steps are to Ax."""
    return any(
        constraint.is_equality or isinstance(space.parameters[name], ChoiceParameter)
        for constraint in space.parameter_constraints
        for name in constraint.constraint_dict
    )


def _check_fixed(fixed: ObservationFeatures | None, space: SearchSpace) -> None:
    """Raise if a parameter is fixed at what it cannot be: Ax would take the nearest, or nothing.

    Raises:
        UserInputError: if it is.
    """
    for name, value in (fixed.parameters if fixed is not None else {}).items():
        parameter = space.parameters.get(name)
        if parameter is None:
            raise UserInputError(
                f"fixed_parameters names {name!r}, which is not one of {list(space.parameters)}"
            )
        if not _possible(parameter, value):
            raise UserInputError(f"fixed_parameters holds {name}={value!r}, but it is {parameter}")


def _possible(parameter: Parameter, value: Any) -> bool:
    """Tell whether a parameter can have a value, which may be an int for a float or back."""
    try:
        cast = parameter.cast(value)
    except (TypeError, ValueError):
        return False
    return bool(cast == value and parameter.validate(cast))
