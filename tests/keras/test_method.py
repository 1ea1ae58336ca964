"""What the Keras engine refuses before it imports Keras."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from textune.context import Context
from textune.errors import ModelError
from textune.keras.method import KerasMethod


def test_pairs_are_refused_for_models_that_tell_their_texts_apart_by_segment_ids() -> None:
    task: Any = SimpleNamespace(
        classifier=SimpleNamespace(segments=True),
        weights=SimpleNamespace(name="tiny-bert"),
        recipe=SimpleNamespace(training=None),
    )

    with pytest.raises(ModelError) as caught:
        KerasMethod(task, SimpleNamespace(), Context())  # type: ignore[arg-type]

    assert "does not tell the texts of a pair apart as tiny-bert does" in caught.value.message
    assert "train.engine=torch" in caught.value.hint
