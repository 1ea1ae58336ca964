"""Published data sets in their authors' own files: read with all rows and labels."""

from __future__ import annotations

from pathlib import Path

from source_files import sizes
from textune.data.sources import load_source
from textune.recipe.settings import DataSettings


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


def test_clinc150_has_its_texts_out_of_scope_apart_if_their_label_is_named(published: Path) -> None:
    settings = DataSettings(text_column="1", label_column="2")

    source = load_source(str(published / "clinc150" / "data_full.json"), settings, other="oos")

    assert sizes(source) == {"train": 15_000, "validation": 3000, "test": 4500}
    assert source.outside is not None
    outside = {split: len(rows) for split, rows in source.outside.splits.items()}
    assert outside == {"train": 100, "validation": 100, "test": 1000}


def test_goemotions_is_read_with_all_rows_and_labels(published: Path) -> None:
    folder = published / "goemotions"
    settings = DataSettings(
        header=False, text_column="1", label_column="2", label_names=str(folder / "emotions.txt")
    )

    source = load_source(str(folder), settings)

    assert sizes(source) == {"train": 43_410, "validation": 5426, "test": 5427}
    assert source.label_names[:2] == ("admiration", "amusement")
    assert source["test"].labels.sum(axis=0)[:3].tolist() == [504, 264, 198]
    assert source.notes[1] == (
        "8,817 of 54,263 rows have several labels, separated by commas: every text can have several of 28 "
        "labels."
    )
