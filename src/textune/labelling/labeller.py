"""The loop in Python: texts in, questions and answers, and a classifier out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from textune.context import Context
from textune.errors import RequestError
from textune.formats.text_pairs import AnyText, as_whole_text
from textune.labelling.asking import LabelQuestion
from textune.labelling.choices import STRATEGY_NAMES, check_strategy
from textune.labelling.quality import LabellingQuality
from textune.labelling.session import open_session

if TYPE_CHECKING:
    from textune.runtimes.torch_predictor import TorchPredictor

_BEFORE = "before"
"""Who has given labels that were there before the labelling."""


class Labeller:
    """Asks for the labels of the texts that teach most, and has a classifier after every answer.

    A quarter of the answers is kept for testing: `quality` measures on them, and the classifier never learns
    from them.

    Args:
        texts: The texts, strings or pairs of them. Copies count once.
        labels: The names of the labels; `add_label` adds others later.
        model: The pretrained encoder; by default the recipe's.
        out: A folder that keeps the answers, each on the disk before `answer` returns; a labelling that is
            there already goes on. By default, answers are only in memory.
        multi: Whether a text can have several labels.
        given: Labels that are known: a label, or a list of them, by text.
        strategy: What is asked next, a name in `textune.labelling.choices.STRATEGY_NAMES`.
        seed: Decides which texts are for testing, and draws.
        settings: Overrides of the recipe's settings, `section.key=value`.

    Raises:
        DataError: There are too few texts.
        RequestError: The labels or the model are wrong.

    Example:
        labeller = textune.Labeller(texts, ["anger", "joy"], model="embedded:minilm")
        while (text := labeller.next()) is not None:
            labeller.answer(input(text))
        labeller.classifier().predict(["What a day!"])
    """

    def __init__(
        self,
        texts: Sequence[AnyText | tuple[str, str]],
        labels: Sequence[str],
        *,
        model: str | None = None,
        out: str | Path | None = None,
        multi: bool = False,
        given: Mapping[AnyText, str | Sequence[str]] | None = None,
        strategy: str = STRATEGY_NAMES[0],
        seed: int = 0,
        settings: Sequence[str] = (),
    ) -> None:
        check_strategy(strategy)
        session = open_session(
            [as_whole_text(text) for text in texts],
            labels,
            folder=None if out is None else Path(out).expanduser(),
            origin="The list of texts",
            model=model,
            is_multi=multi,
            given=given,
            strategy=strategy,
            seed=seed,
            settings=settings,
            ctx=Context(),
        )
        session.features.start()
        self.loop, self._session = session.loop, session
        self._question: LabelQuestion | None = None
        self._features = session.features

    @property
    def label_names(self) -> list[str]:
        """The names of the labels."""
        return list(self.loop.state.label_names)

    @property
    def question(self) -> LabelQuestion | None:
        """What `next` has asked last, until it is answered: also whether it is for testing, or a repeat."""
        return self._question

    def next(self) -> AnyText | None:
        """Return the text to label next, or None if all are labelled; the same one until it is answered."""
        if self._question is None:
            self._features.wait_for(1)
            self.loop.find_slips()
            self._question = self.loop.next_question()
        return None if self._question is None else self._question.text

    def answer(self, labels: str | Sequence[str]) -> None:
        """Record the label, or the labels, of the text that `next` has returned.

        Raises:
            RequestError: `next` was not called, or there is no such label.
            StorageError: The answer cannot be written, and does not count.
        """
        question = self._asked()
        chosen = [labels] if isinstance(labels, str) else list(labels)
        self.loop.answer(question.key, chosen, is_repeat=question.is_repeat)
        self._question = None

    def skip(self, *, not_sure: bool = False) -> None:
        """Give the text that `next` has returned no label."""
        self.loop.skip(self._asked().key, not_sure=not_sure)
        self._question = None

    def undo(self) -> AnyText | None:
        """Take the last answer back, and return its text, which `next` asks about again, or None."""
        question = self.loop.undo()
        self._question = question or self._question
        return None if question is None else question.text

    def add_label(self, name: str) -> None:
        """Add a label; raise a `RequestError` if there is one of that name."""
        self.loop.add_label(name)

    def rename_label(self, name: str, to: str) -> None:
        """Call a label otherwise; if there is one of that name, both become one."""
        self.loop.rename_label(name, to, merge=True)

    def quality(self) -> LabellingQuality | None:
        """Return how good the classifier is by the answers for testing; None while it knows nothing."""
        return self.loop.measure()

    def labels(self) -> dict[AnyText, str | list[str]]:
        """Return the labels by text: a name, or a list of them if a text can have several."""
        known = self.loop.known
        result: dict[AnyText, str | list[str]] = {}
        for part in (known.train, known.test):
            for number, label in zip(part.numbers.tolist(), part.labels.tolist(), strict=True):
                names = known.label_names
                result[self.loop.pool.texts[number]] = (
                    [name for name, has in zip(names, label, strict=True) if has == 1]
                    if known.kind.is_multi_label
                    else names[label]
                )
        return result

    def classifier(self) -> TorchPredictor:
        """Return the classifier by now, fitted to the answers for training, with `predict` and so on.

        Raises:
            RequestError: There are not two labels with answers yet.
        """
        return self._session.classifier()

    def close(self) -> None:
        """Stop encoding; the answers are where they should be anyway."""
        self._features.stop()

    def _asked(self) -> LabelQuestion:
        if self._question is None:
            raise RequestError("No text is waiting for an answer.", "Call next() first.")
        return self._question
