"""The trials of a study as one proposal sees them: read once, then only looked at."""

from __future__ import annotations

from dataclasses import dataclass

from optuna.trial import FrozenTrial


@dataclass(frozen=True)
class Snapshot:
    """The trials of a study, in their order, without those that are taken for dead.

    Args:
        trials: that count.
        certain: the same without those that may be dead: their configurations are free where
            nothing else is left.
        number: of the trial at hand, as if those whose limit the user set had never been.
        done: how many leading trials are finished, which do not change any more.
    """

    trials: list[FrozenTrial]
    certain: list[FrozenTrial]
    number: int
    done: int

    @property
    def doubtful(self) -> bool:
        """Whether any trial may be dead."""
        return len(self.certain) < len(self.trials)

    def without(self, at: FrozenTrial) -> Snapshot:
        """Return the same without the trial at hand, which is not finished."""
        own = at._trial_id  # a plain attribute, several times faster than the property `number`

        def others(trials: list[FrozenTrial]) -> list[FrozenTrial]:
            return trials[: self.done] + [t for t in trials[self.done :] if t._trial_id != own]

        trials = others(self.trials)
        same = self.certain is self.trials
        return Snapshot(trials, trials if same else others(self.certain), self.number, self.done)
