"""Published data sets in their authors' own files: read with all rows, or refused for the right reason."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from conftest import REPOSITORY
from source_files import refusal, sizes
from textune.data.sources import load_source
from textune.recipe.settings import DataSettings


@pytest.fixture
def published() -> Path:
    """The folder of published data sets, which are not part of this repository."""
    root = Path(os.environ.get("TEXTUNE_DATASETS", REPOSITORY.parent / "shared" / "datasets"))
    if not root.is_dir():
        pytest.skip(f"there are no published data sets at {root} (set TEXTUNE_DATASETS)")
    return root


def test_banking77_is_read_with_all_rows_and_intents(published: Path) -> None:
    source = load_source(str(published / "banking77"))

    assert sizes(source) == {"train": 8998, "validation": 1005, "test": 3080}
    assert len(source.label_names) == 77


def test_clinc150_is_read_by_its_splits_without_those_out_of_scope(published: Path) -> None:
    settings = DataSettings(text_column="1", label_column="2")

    source = load_source(str(published / "clinc150" / "data_full.json"), settings)

    assert sizes(source) == {"train": 15_000, "validation": 3000, "test": 4500}
    assert len(source.label_names) == 150
    assert any("'oos_test' (1,000 rows)" in note for note in source.notes)


def test_goemotions_is_refused_for_its_texts_with_several_labels(published: Path) -> None:
    error = refusal(published / "goemotions", header=False, text_column="1", label_column="2")

    assert error.message.startswith("8,817 of 54,263 rows have several labels, such as '8,20': ")
