"""Trials on disk: an Optuna study in SQLite, which the run folder keeps as `trials.db`.

A trial is stored in one transaction once it is whole. Whoever opens the study with Optuna finds dropped
trials as pruned ones. What is proposed next is a function of the space, the seed and the stored trials, so a
search that is killed goes on as if it had not been.
"""

from __future__ import annotations

import json
import sqlite3
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textune.errors import RunError
from textune.files import atomic_path
from textune.recipe.settings import Candidates, Range
from textune.tuning.search_space import SearchSpace, SettingValues
from textune.tuning.trials import Trial, best_of, estimated_loss
from textune.wording import first_line

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial, TrialState

_STUDY = "textune"
_STARTS = 12
"""Trials at random before the sampler learns from them."""
_SEEDS_PER_SEARCH = 1_000_003


class TrialStore:
    """The stored trials of one search, and its plan: JSON values that decide what the search does."""

    def __init__(self, path: Path, study: Any) -> None:
        self.path, self._study = path, study

    @staticmethod
    def create(path: Path, plan: Mapping[str, Any]) -> None:
        """Write the file of a new search, completely or not at all."""
        with _quiet() as optuna, atomic_path(path) as temporary, _storage(temporary) as storage:
            study = optuna.create_study(storage=storage, study_name=_STUDY)
            study.set_user_attr("plan", dict(plan))

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator[TrialStore]:
        """Open the file of a search, and close it after the block; raise a `RunError` if it is damaged."""
        import sqlalchemy

        with _quiet() as optuna:
            try:
                with _storage(path) as storage:
                    yield cls(path, optuna.load_study(storage=storage, study_name=_STUDY))
            except (KeyError, sqlalchemy.exc.SQLAlchemyError, optuna.exceptions.OptunaError) as error:
                raise RunError(
                    f"The trials in {path} cannot be read: {first_line(error)}.",
                    "Start over in another folder with --out.",
                ) from error

    @property
    def plan(self) -> dict[str, Any]:
        """The plan of the search."""
        plan: dict[str, Any] = self._study.user_attrs["plan"]
        return plan

    def trials(self) -> list[Trial]:
        """Return all stored trials by number."""
        return [
            Trial(number=number, **stored.user_attrs["trial"])
            for number, stored in enumerate(self._study.get_trials(deepcopy=False))
        ]

    def add(self, trial: Trial, space: SearchSpace, metric: str) -> None:
        """Store a trial, whose number is that of the trials before it."""
        facts = {
            "values": dict(trial.values),
            "folds": {key: list(values) for key, values in trial.folds.items()},
            "outcome": trial.outcome,
            "seconds": round(trial.seconds, 3),
            **({"probe": dict(trial.probe)} if trial.probe else {}),
        }
        self._study.add_trial(_frozen(trial, space, metric, attributes={"trial": facts}))


class Proposer:
    """Proposes trials by Optuna's tree-structured Parzen estimator.

    Bergstra et al. 2011, "Algorithms for hyper-parameter optimization"; a dropped trial counts as worse than
    the complete ones. The sampler is new for each trial, with a seed of its own, so that the same trials and
    the same seed give the same values in any process. The study is kept: to fill it again would take longer
    with every trial.
    """

    def __init__(self, space: SearchSpace, *, metric: str, seed: int) -> None:
        self.space, self.metric, self.seed = space, metric, seed
        self._known = 0
        with _quiet() as optuna:
            self._study = optuna.create_study()

    def propose(self, trials: Sequence[Trial]) -> SettingValues:
        """Return the values of the trial that follows these, which begin with those of the call before."""
        number, candidates = len(trials), self.space.candidates
        with _quiet() as optuna:
            for trial in trials[self._known :]:
                if trial.outcome != "failed":
                    self._study.add_trial(_frozen(trial, self.space, self.metric))
            self._known = number
            self._study.sampler = optuna.samplers.TPESampler(
                seed=(self.seed * _SEEDS_PER_SEARCH + number) % 2**32,
                n_startup_trials=_STARTS,
                multivariate=True,
            )
            proposed = self._study.ask({name: _distribution(of) for name, of in candidates.items()})
            # What is proposed counts once it is carried out.
            self._study.tell(proposed, state=optuna.trial.TrialState.FAIL)
            return {name: _decoded(proposed.params[name], of) for name, of in candidates.items()}


def importances(space: SearchSpace, trials: Sequence[Trial], *, metric: str) -> dict[str, float]:
    """Return how much each setting moved the score, as shares of 1, the largest first; empty if unknown.

    The method is PED-ANOVA (Watanabe, Bansal and Hutter 2023, https://arxiv.org/abs/2304.10255).
    """
    best = best_of(trials, metric)
    if best is None:
        return {}
    with _quiet() as optuna:
        study = optuna.create_study()
        for trial in trials:
            params = _encoded(trial.values, space)
            if trial.outcome != "failed" and params is not None:
                study.add_trial(
                    optuna.trial.create_trial(
                        params=params,
                        distributions={name: _distribution(of) for name, of in space.candidates.items()},
                        value=estimated_loss(trial, best, metric),
                    )
                )
        try:
            shares = optuna.importance.get_param_importances(study)
        except (ValueError, RuntimeError):  # Too few trials, or all with the same values.
            return {}
    return {name: round(share, 4) for name, share in shares.items()}


def _frozen(
    trial: Trial, space: SearchSpace, metric: str, *, attributes: Mapping[str, Any] | None = None
) -> FrozenTrial:
    """Return a trial as Optuna stores it; values that are not in the space, such as `auto`, are left out."""
    import optuna

    states: dict[str, TrialState] = {
        "complete": optuna.trial.TrialState.COMPLETE,
        "dropped": optuna.trial.TrialState.PRUNED,
        "failed": optuna.trial.TrialState.FAIL,
    }
    params = _encoded(trial.values, space)
    names = () if params is None else params
    losses = trial.losses(metric)
    return optuna.trial.create_trial(
        state=states[trial.outcome],
        value=float(losses.mean()) if trial.outcome == "complete" else None,
        params=params or {},
        distributions={name: _distribution(space.candidates[name]) for name in names},
        intermediate_values=_intermediate(trial, metric),
        user_attrs=dict(attributes or {}),
    )


def _intermediate(trial: Trial, metric: str) -> dict[int, float]:
    """Return the last score of a trial by its step: the number of folds, or 0 for the probe."""
    losses, probe = trial.losses(metric), trial.probe_loss(metric)
    if len(losses):
        return {len(losses): float(losses.mean())}
    return {} if probe is None else {0: probe}


def _distribution(candidates: Candidates) -> BaseDistribution:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if not isinstance(candidates, Range):
        return CategoricalDistribution([json.dumps(value) for value in candidates])
    if candidates.is_whole:
        return IntDistribution(int(candidates.low), int(candidates.high), log=candidates.log)
    return FloatDistribution(float(candidates.low), float(candidates.high), log=candidates.log)


def _encoded(values: SettingValues, space: SearchSpace) -> dict[str, Any] | None:
    """Return values as Optuna holds them, or None if one of them is not in the space."""
    encoded: dict[str, Any] = {}
    for name, candidates in space.candidates.items():
        value = values.get(name)
        if isinstance(candidates, Range):
            if not isinstance(value, int | float) or not candidates.low <= value <= candidates.high:
                return None
            encoded[name] = value
        elif value in candidates:
            encoded[name] = json.dumps(value)
        else:
            return None
    return encoded


def _decoded(value: Any, candidates: Candidates) -> Any:
    return value if isinstance(candidates, Range) else json.loads(value)


@contextmanager
def _storage(path: Path) -> Iterator[Any]:
    import optuna

    # What Optuna cannot read, it leaves open.
    with ExitStack() as connections:
        # A function opens the file, as a path may hold any character, and a URL may not.
        def connect() -> sqlite3.Connection:
            opened = sqlite3.connect(path, timeout=30, check_same_thread=False)
            return connections.enter_context(closing(opened))

        try:
            storage = optuna.storages.RDBStorage("sqlite://", engine_kwargs={"creator": connect})
        except RuntimeError as error:
            raise RunError(
                f"This version of Optuna cannot read the trials in {path}: {first_line(error)}",
                "Install the version of Optuna that wrote them, or start over in another folder with --out.",
            ) from error
        try:
            yield storage
        finally:
            storage.remove_session()
            storage.engine.dispose()


@contextmanager
def _quiet() -> Iterator[Any]:
    """Import Optuna, and keep its messages and warnings from the user for the length of the block."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        yield optuna
