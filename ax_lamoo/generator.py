"""The generator: proposes by the engine, predicts by Ax's own model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from typing import Any

import numpy as np
import torch
from ax.core.search_space import SearchSpaceDigest
from ax.exceptions.core import SearchSpaceExhausted, UserInputError
from ax.exceptions.model import ModelError
from ax.generators.random.sobol import SobolGenerator
from ax.generators.torch.botorch_modular.generator import BoTorchGenerator
from ax.generators.torch.botorch_modular.surrogate import Surrogate, SurrogateSpec
from ax.generators.torch_base import TorchGenResults, TorchOptConfig
from ax.utils.common.logger import get_logger
from botorch.utils.datasets import SupervisedDataset

import lamoo
from ax_lamoo.acquisition import LaMOOAcquisition, Leaf
from ax_lamoo.convert import (
    Columns,
    Known,
    activity_of,
    array,
    columns_of,
    complete,
    history_of,
    labels_of,
    on_plane,
    reference_of,
    space_of,
    together,
)
from ax_lamoo.told import Told
from lamoo import History, Partition, Settings, Space, chosen_path, suggest
from lamoo.gp.transfer import taught
from lamoo.partition.place import Place
from lamoo.solvers import SOLVERS as ENGINE_SOLVERS
from lamoo.solvers import is_global

logger = get_logger(__name__)

#: Ax's own acquisition (qLogNEHVI, qLogNParEGO), confined to the leaf's region.
CONFINED = "qlognehvi"
#: What may propose: the engine's solvers, or that.
SOLVERS = (*ENGINE_SOLVERS, CONFINED)
#: Where the adapter puts what only it knows.
KNOWN = "lamoo"


@dataclass(frozen=True, eq=False)
class Task(lamoo.Task):
    """An experiment as a task of the engine.

    Args:
        arms: the names of the arms that the history holds.
        columns: the parameters behind Ax's features.
    """

    arms: tuple[str, ...] = field(kw_only=True)
    columns: Columns = field(kw_only=True)


class LaMOOGenerator(BoTorchGenerator):
    """Ax's modular BoTorch generator, with LaMOO's proposals.

    With two objectives or more it proposes by the engine. Ax's Gaussian processes are fitted only
    when somebody asks what they predict: an analysis, a cross-validation, a user. With one
    objective, and where the engine lacks something that was asked for (several tasks, learned
    preferences, a candidate set), it is Ax's generator.

    Args:
        solver: one of the engine's (:data:`lamoo.solvers.SOLVERS`), or ``"qlognehvi"``, Ax's own
            acquisition confined to the leaf's region.
        partition: the arguments of :class:`lamoo.Partition`.
        reference_point: metric name -> objective threshold, read by the adapter.
        told: the user's functions of parameters, and earlier experiments.
        seed: of all random choices; ``None`` follows the experiment's first trials.
        surrogate_spec: as in Ax.
        acquisition_options: as in Ax.
        refit_on_cv: as in Ax.
        warm_start_refit: as in Ax.
    """

    acquisition_options: dict[str, Any]

    def __init__(  # noqa: PLR0913  half of them Ax's own
        self,
        *,
        solver: str = "gp",
        partition: Mapping[str, Any] | None = None,
        reference_point: Mapping[str, float] | None = None,
        told: Told | None = None,
        seed: int | None = None,
        surrogate_spec: SurrogateSpec | None = None,
        acquisition_options: dict[str, Any] | None = None,
        refit_on_cv: bool = False,
        warm_start_refit: bool = True,
    ) -> None:
        """Start without data."""
        confined = solver == CONFINED
        super().__init__(
            surrogate_spec=surrogate_spec,
            acquisition_class=LaMOOAcquisition if confined else None,
            acquisition_options=acquisition_options,
            refit_on_cv=refit_on_cv,
            warm_start_refit=warm_start_refit,
        )
        self.confined = confined
        self.reference_point = dict(reference_point or {})
        self.settings = Settings(
            solver="gp" if confined else solver,
            n_startup=0,
            partition=Partition(**partition or {}),
            logger=logger,
            seed=seed or 0,
        )
        self.told = told
        self.seed = seed
        self._datasets: Sequence[SupervisedDataset] = ()
        self._deferred: Callable[[], None] | None = None
        self._proposing = False
        self._asked: tuple[int, int] = (-1, 0)

    def fit(
        self,
        datasets: Sequence[SupervisedDataset],
        search_space_digest: SearchSpaceDigest,
        candidate_metadata: list[list[dict[str, Any] | None]] | None = None,
        state_dict: Any = None,
        refit: bool = True,  # noqa: FBT001, FBT002  Ax's signature
        **additional_model_inputs: Any,
    ) -> None:
        """Keep the data; Ax's model is fitted when it is needed."""
        self._datasets = datasets
        self._deferred = partial(
            super().fit,
            datasets=datasets,
            search_space_digest=search_space_digest,
            candidate_metadata=candidate_metadata,
            state_dict=state_dict,
            refit=refit,
            **additional_model_inputs,
        )

    @property
    def surrogate(self) -> Surrogate:
        """Ax's model of all outcomes, fitted now if it was not yet.

        Raises:
            ModelError: while a proposal is made that does not need it.
        """
        if self._deferred is not None:
            if self._proposing:
                raise ModelError("no prediction: LaMOO's proposals need no fit of Ax's model")
            deferred, self._deferred = self._deferred, None
            try:
                deferred()
            except Exception:
                self._deferred = deferred
                raise
        return super().surrogate

    @contextmanager
    def proposing(self) -> Iterator[None]:
        """Keep Ax from fitting its model, only to attach a prediction to each proposal."""
        self._proposing = True
        try:
            yield
        finally:
            self._proposing = False

    def gen(
        self, n: int, search_space_digest: SearchSpaceDigest, torch_opt_config: TorchOptConfig
    ) -> TorchGenResults:
        """Propose ``n`` candidates, see :meth:`propose`."""
        known: Known | None = torch_opt_config.model_gen_options.pop(KNOWN, None)
        reason = _left_to_ax(search_space_digest, torch_opt_config, self._datasets)
        if reason is not None or known is None:
            self._proposing = False
            if self.told is not None:
                raise UserInputError(
                    f"{', '.join(self.told.names)}: LaMOO leaves {reason} to Ax, which cannot be "
                    "told; use a strategy without them"
                )
            if torch_opt_config.is_moo and reason is not None:
                _warn_once(f"LaMOO leaves {reason} to Ax's default acquisition.")
            return super().gen(n, search_space_digest, torch_opt_config)
        if self.confined:
            return self._confined(n, search_space_digest, torch_opt_config, known)
        return self.propose(n, search_space_digest, torch_opt_config, known)

    def propose(
        self, n: int, digest: SearchSpaceDigest, config: TorchOptConfig, known: Known
    ) -> TorchGenResults:
        """Propose ``n`` candidates by the engine; where nothing was observed, by its start design.

        Raises:
            SearchSpaceExhausted: if every configuration of a finite space was tried, or none is
                found that keeps the constraints.
        """
        task = self.task(digest, config, known)
        rng = self._generator(task.history, known.seed)
        X = suggest(task, n, rng)
        if np.isfinite(task.space.size) and len(task.history.unseen(X)) < n:
            raise SearchSpaceExhausted("Every configuration of the search space was tried.")
        if not task.space.allows(X).all():
            raise SearchSpaceExhausted("No configuration was found that keeps the constraints.")
        F = task.columns.decode(X)
        for i, value in (config.fixed_features or {}).items():
            F[:, i] = value
        points = torch.as_tensor(F, dtype=torch.double)
        metadata = {"solver": task.settings.solver, "observations": task.history.n}
        return TorchGenResults(points, torch.ones(n, dtype=torch.double), metadata)

    def task(self, digest: SearchSpaceDigest, config: TorchOptConfig, known: Known) -> Task:
        """Return the experiment in the engine's terms.

        Args:
            digest: the search space.
            config: what is fixed, pending and constrained linearly.
            known: everything else.
        """
        columns = columns_of(digest, config)
        known = on_plane(columns, known)
        activity = activity_of(columns, known.branches)
        waiting = [array(rows) for rows in config.pending_observations or [] if len(rows)]
        pending = [F[columns.keep(F)] for F in waiting]
        history = history_of(columns, known, pending, activity)
        settings = replace(
            self.settings, reference_point=reference_of(known), labels=labels_of(known)
        )
        arms = tuple(np.array(known.measured.arms, dtype=object)[complete(known)])
        space = space_of(columns, config, activity)
        if self.told is not None:
            bound = self.told.bound(
                (known.search_space, columns.parameters),
                known.objectives,
                known.measured.metrics,
                partial(known.decode, columns),
            )
            for sentence in self.told.contradictions(history, arms):
                _warn_once(sentence)
            lessons = self.told.lessons(
                (known.search_space, columns.parameters),
                known.objectives,
                known.measured.metrics,
                Space(columns.parameters, activity=activity),
                partial(known.encode, columns),
            )
            space = replace(
                space, known=together(space.known, taught(bound.known, lessons, history))
            )
            history = replace(history, key=bound.key)
        return Task(space, history, settings, arms=arms, columns=columns)

    def best_point(
        self, search_space_digest: SearchSpaceDigest, torch_opt_config: TorchOptConfig
    ) -> torch.Tensor | None:
        """Return Ax's best point; with several objectives there is none."""
        if torch_opt_config.is_moo:
            return None
        return super().best_point(search_space_digest, torch_opt_config)

    def _confined(
        self,
        n: int,
        digest: SearchSpaceDigest,
        config: TorchOptConfig,
        known: Known,
    ) -> TorchGenResults:
        """Propose by Ax's acquisition, every other pair of turns inside the leaf's region."""
        self._proposing = False
        task = self.task(digest, config, known)
        rng = self._generator(task.history, known.seed)
        leaf = None
        if task.history.n and not is_global(task.history):
            node = chosen_path(task)[-1]
            leaf = Leaf(task.columns, Place(task.history, node.region, node.members), rng)
        options = self.acquisition_options
        self.acquisition_options = {**options, "leaf": leaf}
        try:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(int(rng.integers(2**31)))
                return super().gen(n, digest, config)
        finally:
            self.acquisition_options = options

    def _generator(self, history: History, own: int | None) -> np.random.Generator:
        """Return a random generator that belongs to this history, and to the experiment's seed.

        Ax asks again if it does not like a proposal, and then must not get the same one.
        """
        tried = len(history.tried)
        again = self._asked[1] + 1 if self._asked[0] == tried else 0
        self._asked = (tried, again)
        seed = own if self.seed is None else self.seed
        if seed is None:
            seed = int(torch.randint(2**31, ()))
        return np.random.default_rng((seed, tried, again))


class StartGenerator(SobolGenerator):
    """Ax's generator of Sobol points, which also holds what the user told of the space.

    Args:
        told: the user's functions of parameters.
        seed: of the scrambling; ``None`` follows torch's generator.
        init_position: how many points of the sequence were drawn before.
    """

    def __init__(
        self, *, told: Told | None = None, seed: int | None = None, init_position: int = 0
    ) -> None:
        """Start at a point of the sequence."""
        super().__init__(seed=seed, init_position=init_position)
        self.told = told


def _left_to_ax(
    digest: SearchSpaceDigest, config: TorchOptConfig, datasets: Sequence[SupervisedDataset]
) -> str | None:
    """Return why Ax's own acquisition is to propose, ``None`` if the engine is."""
    options = config.model_gen_options
    several = any(
        data.Y.shape[-1] != 1 or data.X.shape[-1] != len(digest.bounds) for data in datasets
    )
    reasons = {
        "one objective": not config.is_moo,
        "several tasks": bool(digest.task_features),
        "learned preferences": config.use_learned_objective,
        "a candidate set": "sampling_strategy_class" in options or options.get("in_sample", False),
        "contextual data": several,
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


@lru_cache(maxsize=256)
def _warn_once(message: str) -> None:
    logger.warning(message)
