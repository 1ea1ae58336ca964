"""A run as the reference that new texts are compared with, and texts as the run's classifier sees them.

In: a run folder. Out: a `WatchReference`, and features and probabilities of any texts, by one pass of the
encoder. The features of the run's own texts are those that its training cached. Does not know estimates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from textune.context import Context
from textune.errors import RunError
from textune.formats.text_pairs import AnyText
from textune.model.threshold import read_thresholds_of
from textune.recipe.settings import Recipe
from textune.run.layout import Run, open_run
from textune.run.origin import Origin, origin_of_complete
from textune.run.predictions import Predictions, read_predictions
from textune.run.provenance import encoding_of
from textune.run.stored_recipe import run_recipe
from textune.watching.damage import DAMAGES, damaged_copy
from textune.watching.reference import DamagedRows, Decisions, WatchReference

if TYPE_CHECKING:
    from textune.model.classifier import EncoderClassifier

_MOST_COPIES = 1500
"""How many held-out texts, drawn at random, have copies of each kind of damage."""
_MOST_TRAIN_TEXTS = 20_000
"""Up to how many training texts are read as in training, from the cache; of more, fewer are encoded."""
_SOME_TRAIN_TEXTS = 5000


@dataclass(frozen=True)
class WatchedRun:
    """An open run with its classifier."""

    run: Run
    recipe: Recipe
    origin: Origin
    classifier: EncoderClassifier
    decisions: Decisions

    @classmethod
    def open(cls, path: Path, ctx: Context) -> WatchedRun:
        """Open a run; raise a `RunError` if it is missing, damaged, or has no validation rows."""
        run = open_run(path)
        if not (run.predictions / "validation.parquet").is_file():
            raise RunError(
                f"{path} stores no validation rows, on which an estimate is tested.",
                "Train the run again with this version of textune.",
            )
        ctx.stage("Loading the classifier")
        from textune.model.storage import load_classifier

        classifier = load_classifier(run.model)
        names = tuple(classifier.label_names)
        thresholds = read_thresholds_of(run.model, classifier.kind, names)
        decisions = Decisions(names, classifier.kind, thresholds)
        return cls(run, run_recipe(run), origin_of_complete(run), classifier, decisions)

    def read(
        self, texts: Sequence[AnyText], ctx: Context, *, called: str
    ) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Return the features (texts, width) and probabilities (texts, classes) of texts.

        `called` is what `textune cache list` calls them.
        """
        described = f"{self.origin.model.name} · {called}"
        encode = encoding_of(
            self.run, self.recipe, self.origin, self.classifier, description=described, ctx=ctx
        )
        features = encode(self.classifier.tokenize(texts).rows)
        return features, self.classifier.probabilities(features)

    def train_texts(self) -> tuple[AnyText, ...]:
        """Return texts that the run was trained on."""
        return read_predictions(self.run.predictions / "train.parquet").texts

    def reference(self, train_texts: Sequence[AnyText], ctx: Context) -> WatchReference:
        """Return the run's validation rows with damaged copies, and some of its training rows."""
        held_out = read_predictions(self.run.predictions / "validation.parquet")
        probabilities = _in_order(held_out, self.decisions.label_names)
        source = self.recipe.data.source
        ctx.stage("Encoding validation")
        features, _ = self.read(held_out.texts, ctx, called=f"{source} · validation")
        known = probabilities.probabilities
        reference = WatchReference(
            self.decisions, features, known, probabilities.labels, features[:0], known[:0]
        )
        ctx.stage("Encoding train")
        if len(train_texts) > _MOST_TRAIN_TEXTS:
            rows = np.random.default_rng(0).permutation(len(train_texts))[:_SOME_TRAIN_TEXTS]
            train_texts = [train_texts[row] for row in np.sort(rows).tolist()]
        train_features, of_train = self.read(train_texts, ctx, called=f"{source} · train")
        return replace(
            reference,
            train_features=train_features,
            train_probabilities=of_train,
            damaged=self._copies(held_out.texts, ctx),
            encoder_is_frozen=not self.recipe.trains_encoder,
            own_decisions=probabilities.given,
        )

    def _copies(self, texts: Sequence[AnyText], ctx: Context) -> tuple[DamagedRows, ...]:
        if self.recipe.train.use_validation:
            ctx.note("The run learned from its validation rows, so damaged copies of them say nothing.")
            return ()
        rows = np.sort(np.random.default_rng(0).permutation(len(texts))[:_MOST_COPIES])
        copies = []
        for kind in DAMAGES:
            ctx.stage(f"Encoding validation with {kind}")
            damaged = [damaged_copy(texts[row], kind) for row in rows.tolist()]
            copies.append(DamagedRows(rows, *self.read(damaged, ctx, called=f"validation with {kind}")))
        return tuple(copies)


def _in_order(predictions: Predictions, names: Sequence[str]) -> Predictions:
    """Return predictions with classes in the order of the classifier's."""
    columns = [predictions.label_names.index(name) for name in names]
    if columns == list(range(len(names))):
        return predictions
    in_order = replace(predictions, probabilities=predictions.probabilities[:, columns])
    if predictions.given is None:
        return replace(in_order, labels=np.argsort(columns)[predictions.labels])
    return replace(in_order, labels=predictions.labels[:, columns], given=predictions.given[:, columns])
