"""The adapter: tells the generator what only the experiment knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from ax.adapter.adapter_utils import (
    extract_objective_thresholds,
    extract_objective_weight_matrix,
    extract_outcome_constraints,
)
from ax.adapter.base import BaseGenArgs, GenResults
from ax.adapter.torch import TorchAdapter
from ax.adapter.transforms.cast import Cast
from ax.core.arm import Arm
from ax.core.generator_run import GeneratorRun
from ax.core.observation import ObservationFeatures
from ax.core.optimization_config import MultiObjectiveOptimizationConfig, OptimizationConfig
from ax.core.outcome_constraint import OutcomeConstraint
from ax.core.search_space import SearchSpace
from ax.core.trial_status import TrialStatus
from ax.exceptions.core import UserInputError

from ax_lamoo.convert import Branch, Columns, Known, parameter_of
from ax_lamoo.generator import KNOWN, LaMOOGenerator, Task
from ax_lamoo.sources import known_value
from lamoo.arrays import Floats


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
        """Propose ``n`` arms, as Ax's adapter does; nothing is predicted for them."""
        with self.generator.proposing():
            return super().gen(
                n=n,
                search_space=search_space,
                optimization_config=optimization_config,
                pending_observations=pending_observations,
                fixed_features=fixed_features,
                model_gen_options=model_gen_options,
            )

    def task(self) -> Task:
        """Return the experiment in the engine's terms, for looking at its partition."""
        args = self._get_transformed_gen_args(search_space=self._search_space.clone())
        digest, config = self._get_transformed_model_gen_args(
            search_space=args.search_space,
            pending_observations=args.pending_observations,
            fixed_features=args.fixed_features,
            optimization_config=args.optimization_config,
        )
        return self.generator.task(digest, config, self._known())

    @property
    def arms_by_name(self) -> dict[str, Arm]:
        """The experiment's arms."""
        return dict(self._experiment.arms_by_name)

    def outcomes_of(self, names: Sequence[str]) -> dict[str, Floats]:
        """Return the outcomes of arms, each of shape ``(n,)``, by name."""
        arms, _, outcomes = self._measured()
        rows = [arms.index(name) for name in names]
        return dict(zip(self.outcomes, outcomes[rows].T, strict=True))

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
        return super()._gen(
            n=n,
            search_space=search_space,
            pending_observations=pending_observations,
            fixed_features=fixed_features,
            model_gen_options={**(model_gen_options or {}), KNOWN: self._known()},
            optimization_config=optimization_config,
        )

    def _known(self) -> Known:
        """Return what the experiment holds, outcomes as they were measured.

        Ax's outcomes are standardised by all of them, so that each new one changes all others; and
        winsorised, so that many are equal. The engine has its own ways.
        """
        arms, F, outcomes = self._measured()
        config: Any = self._with_reference(self._optimization_config)
        if (derelativize := self.transforms.get("Derelativize")) is not None:
            config = derelativize.transform_optimization_config(
                config.clone(), adapter=self, fixed_features=ObservationFeatures(parameters={})
            )
        objectives = extract_objective_weight_matrix(config.objective, self.outcomes)
        thresholds = None
        if config.is_moo_problem:
            thresholds = extract_objective_thresholds(
                config.objective_thresholds, config.objective, self.outcomes
            )
        A, b = extract_outcome_constraints(config.outcome_constraints, self.outcomes) or (
            np.empty((0, len(self.outcomes))),
            np.empty(0),
        )
        return Known(
            arms=arms,
            features=F,
            outcomes=outcomes,
            objectives=objectives,
            thresholds=np.full(len(objectives), np.nan) if thresholds is None else thresholds,
            constraints=(A, b.ravel()),
            failed=self._lost(),
            branches=self._branches(),
            metrics=tuple(self.outcomes),
            search_space=repr(self._search_space.parameters),
            decode=self._active_parameters,
            encode=self._points,
        )

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

    def _measured(self) -> tuple[tuple[str, ...], Floats, Floats]:
        """Return the names, feature rows (n, f) and outcomes (n, k) of the arms that have data.

        Of an arm that was measured along a curve, the last measurement counts; where on the curve
        that was is a feature to Ax.
        """
        keys = ["trial_index", "arm_name"]
        means = self._training_data.observation_data["mean"].reindex(columns=self.outcomes)
        means = means.reset_index(means.index.names.difference(keys)).groupby(level=keys).last()
        arms = self._last_experiment_data.arm_data
        means = means[means.index.isin(arms.index)]
        arms = arms.loc[means.index]
        columns = [(arms if name in arms else means)[name] for name in self.parameters]
        F = np.column_stack([column.to_numpy(dtype=float) for column in columns])
        names = tuple(arms.index.get_level_values("arm_name"))
        return names, F, means[self.outcomes].to_numpy(dtype=float)

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
        F = [[float(row.parameters[name]) for name in self.parameters] for row in rows]
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
        config = config or self._optimization_config
        if not point or not isinstance(config, MultiObjectiveOptimizationConfig):
            return config
        signs = dict(config.objective.metric_weights)
        unknown = sorted(set(point) - set(signs))
        if unknown:
            raise UserInputError(
                f"reference_point names {unknown}, but the objectives are {sorted(signs)}"
            )
        thresholds = [
            OutcomeConstraint(
                expression=f"{name} {'<=' if signs[name] < 0 else '>='} {bound!r}",
                metric_name_to_signature={name: self._experiment.get_metric(name).signature},
            )
            for name, bound in point.items()
        ]
        others = [t for t in config.objective_thresholds if t.metric_names[0] not in point]
        return config.clone_with_args(objective_thresholds=[*others, *thresholds])
