"""The folder of a labelling and the loop over it: started, or continued where it was.

In: the texts and the labels. Out: a `LabellingSession`. Does not know pages.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textune.annotations.labelling_journal import GIVEN
from textune.context import Context
from textune.data.labelling_folder import POOL_NAME
from textune.errors import DataError, RequestError
from textune.files import write_json
from textune.formats.text_pairs import AnyText
from textune.labelling.answer_log import AnswerLog
from textune.labelling.asking import LabellingLoop, start_event
from textune.labelling.choices import LOOP_RECIPE, LOOP_SETTINGS, STRATEGY_NAMES
from textune.labelling.pool import Pool, check_pool, key_of, read_pool_texts, write_pool
from textune.labelling.pool_features import PoolFeatures, load_loop_encoder
from textune.recipe.recipes import resolve_recipe

if TYPE_CHECKING:
    from textune.runtimes.torch_predictor import TorchPredictor

_BEFORE = "before"
"""Who has given labels that were there before the labelling."""
_SETUP = "labelling.json"
"""The file with the model and the settings of a labelling, so that a second start needs none of them."""


@dataclass(frozen=True)
class LabellingSession:
    """A loop, and the features that are being encoded for it."""

    loop: LabellingLoop
    features: PoolFeatures
    folder: Path | None

    def classifier(self) -> TorchPredictor:
        """Return the classifier by now, fitted to the answers for training.

        Raises:
            RequestError: There are not two labels with answers yet.
        """
        from textune.runtimes.torch_predictor import TorchPredictor

        self.features.wait_for(1)
        head, known, encoder = self.loop.head, self.loop.known, self.features.encoder
        if head is None:
            raise RequestError(
                "There is no classifier yet: it needs answers for training with two different labels.",
                "Answer more questions.",
            )
        classifier = encoder.with_head(head, known.label_names[: head.classes], known.kind)
        return TorchPredictor(classifier, placement=encoder.placement)


def open_session(
    texts: Sequence[AnyText],
    labels: Sequence[str],
    *,
    folder: Path | None,
    origin: str,
    model: str | None = None,
    is_multi: bool = False,
    given: Mapping[AnyText, str | Sequence[str]] | None = None,
    strategy: str = STRATEGY_NAMES[0],
    seed: int = 0,
    settings: Sequence[str] = (),
    ctx: Context,
) -> LabellingSession:
    """Start a labelling, or go on with that of a folder, and begin to encode its texts.

    Args:
        texts: The texts; those that the folder has already need not be among them.
        labels: The names of the labels; of a labelling that goes on, only new ones.
        folder: Where answers are kept; None: in memory alone.
        origin: What the texts are called in errors.
        model: The pretrained encoder; by default that of the folder, or the recipe's.
        is_multi: Whether a text can have several labels.
        given: Labels that are known, by text.
        strategy: What is asked next.
        seed: Decides which texts are for testing, and draws; that of the folder counts.
        settings: Overrides of the recipe.
        ctx: Gets progress.

    Raises:
        DataError: There are too few texts, or the folder is damaged.
        RequestError: The labels or the model are wrong.
    """
    setup = read_setup(folder)
    if model is None and not settings:
        model, settings = setup.get("model"), setup.get("settings", ())
    recipe = resolve_recipe(
        LOOP_RECIPE, model=model, data=None, seed=None, settings=[*LOOP_SETTINGS, *settings]
    )
    check_names(labels)
    if folder is not None and (folder / POOL_NAME).exists():
        texts = [*read_pool_texts(folder), *texts]
    check_pool(Pool.of(texts, seed=seed), origin)
    encoder = load_loop_encoder(recipe, texts, ctx)
    log = open_log(folder, labels, is_multi=is_multi, seed=seed)
    seed = log.state.seed
    pool = Pool.of(texts, seed=seed)
    if folder is not None:
        write_pool(pool, folder)
        write_json(folder / _SETUP, {"model": recipe.model.name, "settings": list(settings)})
    record_given(log, pool, given or {})
    features = PoolFeatures(pool.texts, encoder)
    return LabellingSession(
        LabellingLoop(pool, log, features, strategy=strategy, seed=seed), features, folder
    )


def check_names(labels: Sequence[str]) -> None:
    """Raise a `RequestError` if a label is empty or occurs twice."""
    names = [" ".join(label.split()) for label in labels]
    if "" in names or len(set(names)) < len(names):
        raise RequestError("A label is empty, or occurs twice.", "Name each label once.")


def open_log(folder: Path | None, labels: Sequence[str], *, is_multi: bool, seed: int) -> AnswerLog:
    """Return the journal of a folder, or a new one, with the labels.

    Raises:
        RequestError: There are fewer than two labels.
        DataError: The journal is damaged, or of another kind of labels.
    """
    names = [" ".join(label.split()) for label in labels]
    is_new = folder is None or not (folder / POOL_NAME).exists()
    if is_new and len(names) < (1 if is_multi else 2):
        raise RequestError(
            "There are fewer than two labels to choose from.", "Name at least two: --labels anger,joy"
        )
    log = AnswerLog(folder)
    if not log.state.knows("start"):
        log.append({**start_event(names, is_multi=is_multi, seed=seed), "id": "start"})
    elif is_multi and not log.state.is_multi:
        raise DataError(
            f"The texts in {folder} were labelled with one label each, and now can have several.",
            "Start over in another folder, with --out.",
        )
    for name in names:
        if log.state.current_name(name) not in log.state.label_names:
            log.append({"event": "label", "name": name, "who": ""})
    return log


def record_given(log: AnswerLog, pool: Pool, given: Mapping[AnyText, str | Sequence[str]]) -> None:
    """Record labels that were known before the labelling, once."""
    events = []
    for text, labels in given.items():
        key = key_of(text)
        if key in pool.number_of and not log.state.knows(f"given-{key}"):
            names = [labels] if isinstance(labels, str) else list(labels)
            own = {"event": "answer", "id": f"given-{key}", "who": _BEFORE, "purpose": GIVEN}
            events.append({**own, "key": key, "text": text, "labels": names})
    if events:
        log.append_all(events)


def read_setup(folder: Path | None) -> dict[str, Any]:
    """Return the `model` and the `settings` of a labelling; empty if they are not known."""
    try:
        setup = json.loads((folder / _SETUP).read_text(encoding="utf-8")) if folder else {}
    except (OSError, ValueError):  # Nothing depends on it but what need not be named again.
        return {}
    return setup if isinstance(setup, dict) else {}
