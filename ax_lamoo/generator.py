"""The generator: proposes by the engine, predicts by Ax's own model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from ax.core.search_space import SearchSpaceDigest
from ax.exceptions.core import DataRequiredError, SearchSpaceExhausted
from ax.generators.torch.botorch_modular.generator import BoTorchGenerator
from ax.generators.torch.botorch_modular.surrogate import Surrogate, SurrogateSpec
from ax.generators.torch_base import TorchOptConfig
from botorch.utils.datasets import SupervisedDataset

from ax_lamoo.acquisition import LaMOOAcquisition, Leaf
from ax_lamoo.features import Features
from ax_lamoo.prior import PriorKnowledge
from ax_lamoo.task import Task, logger
from lamoo import History, NothingAllowed, Partition, Settings, chosen_path, suggest
from lamoo.arrays import Floats
from lamoo.partition.place import Place
from lamoo.solvers import SOLVERS as ENGINE_SOLVERS
from lamoo.solvers import is_global

#: Ax's own acquisition (qLogNEHVI, qLogNParEGO), confined to the leaf's region.
CONFINED = "qlognehvi"
#: What may propose: the engine's solvers, or that.
SOLVERS = (*ENGINE_SOLVERS, CONFINED)


class LaMOOGenerator(BoTorchGenerator):
    """Ax's modular BoTorch generator, with LaMOO's proposals.

    With two objectives or more it proposes by the engine, and its adapter asks it for points
    (:meth:`propose`) instead of features (``gen``, as Ax's own). Ax's Gaussian processes are fitted
    only when somebody asks what they predict: an analysis, a cross-validation, a user.

    Args:
        solver: one of the engine's (:data:`lamoo.solvers.SOLVERS`), or ``"qlognehvi"``, Ax's own
            acquisition confined to the leaf's region.
        partition: the arguments of :class:`lamoo.Partition`.
        reference_point: metric name -> objective threshold, read by the adapter.
        prior: the user's functions of parameters, and earlier experiments.
        seed: of all random choices; ``None`` follows the experiment's first trials.
        surrogate_spec: as in Ax.
        acquisition_options: as in Ax.
        refit_on_cv: as in Ax.
        warm_start_refit: as in Ax.
    """

    def __init__(  # noqa: PLR0913  half of them Ax's own
        self,
        *,
        solver: str = "gp",
        partition: Mapping[str, Any] | None = None,
        reference_point: Mapping[str, float] | None = None,
        prior: PriorKnowledge | None = None,
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
        self.prior = prior
        self.seed = seed
        self._datasets: Sequence[SupervisedDataset] = ()
        self._deferred: Callable[[], None] | None = None
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
            DataRequiredError: if there was no outcome yet when this was told what there is.
        """
        if self._deferred is not None:
            if not self._datasets:
                msg = "Ax's model predicts from outcomes, and none was measured by then."
                raise DataRequiredError(msg)
            deferred, self._deferred = self._deferred, None
            try:
                deferred()
            except BaseException:  # also Ctrl-C
                self._deferred = deferred
                raise
        return super().surrogate

    @property
    def datasets(self) -> Sequence[SupervisedDataset]:
        """The data that Ax's model is fitted to."""
        return self._datasets

    def propose(self, n: int, task: Task, rng: np.random.Generator) -> Floats:
        """Return ``n`` points by the engine; where nothing was observed, by its start design.

        Of a finite space fewer, if fewer were never tried.

        Raises:
            SearchSpaceExhausted: if every configuration of a finite space was tried, or none is
                found that keeps the constraints.
        """
        if not task.space.dimension and len(task.history.tried):  # nothing is tuned
            raise SearchSpaceExhausted(task.encoding.all_tried)
        try:
            X = suggest(task, n, rng)
        except NothingAllowed as error:
            text, nearest = str(error), error.nearest
            if nearest is not None:
                text = nearest.message(task.encoding.decode(nearest.x[None])[0])
            raise SearchSpaceExhausted(text) from error
        if not task.space.allows(X).all():
            raise SearchSpaceExhausted(task.encoding.nothing_keeps(task.space))
        if np.isfinite(task.space.size):
            X = task.history.unseen(X)
            if not len(X) and not task.space.enumerable and task.space.known.violation is not None:
                raise SearchSpaceExhausted(task.encoding.nothing_keeps(task.space, untried=True))
            if not len(X):
                raise SearchSpaceExhausted(task.encoding.all_tried)
        return X

    def leaf(
        self,
        n: int,
        task: Task,
        left: Floats | None,
        rng: np.random.Generator,
        features: Callable[[], Features],
    ) -> Leaf | None:
        """Return the leaf that Ax's acquisition is confined to, ``None`` in every other two turns.

        In a finite space it is a place that holds enough of what is left: the leaf or its nearest
        such ancestor, or in those turns the whole space.

        Args:
            n: how many proposals it is for.
            task: the experiment.
            left: all points (k, d) that were never tried, at least ``n``; ``None`` if endless.
            rng: draws points of the leaf.
            features: returns those of the search space.
        """
        history = task.history
        if not history.n or is_global(history):
            everywhere = Place.everywhere(task.domain, history)
            return None if left is None else Leaf(features(), everywhere, rng, left)
        path = chosen_path(task)
        if left is None:
            inside, node = None, path[-1]
        else:
            held = [(left[node.region.contains(left)], node) for node in path]
            inside, node = next(pair for pair in reversed(held) if len(pair[0]) >= n)
        return Leaf(features(), Place(history, node.region, node.members), rng, inside)

    def best_point(
        self, search_space_digest: SearchSpaceDigest, torch_opt_config: TorchOptConfig
    ) -> torch.Tensor | None:
        """Return Ax's best point; with several objectives there is none."""
        if torch_opt_config.is_moo:
            return None
        return super().best_point(search_space_digest, torch_opt_config)

    def rng(self, history: History, own: int | None) -> np.random.Generator:
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
