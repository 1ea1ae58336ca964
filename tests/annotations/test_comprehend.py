"""Amazon Comprehend: CSV without a header, and augmented manifests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from exported_files import first_note, labelled, read, texts_to_classify, write, write_lines
from textune.errors import DataError

ROWS = [
    'joy,"so happy, really"',
    "anger,go away",
    "joy,what a day",
    "anger,leave me alone",
    "joy|anger,hm what",
]
CSV = "\n".join([*ROWS, 'joy,"two\nlines"', ""])


def test_csv_without_a_header_has_the_label_first(tmp_path: Path) -> None:
    export = write(tmp_path / "posts.csv", CSV)

    assert labelled(export) == {
        "train": [
            ("so happy, really", "joy"),
            ("go away", "anger"),
            ("what a day", "joy"),
            ("leave me alone", "anger"),
            ("hm what", ["anger", "joy"]),
            ("two\nlines", "joy"),
        ]
    }
    assert first_note(export) == "posts.csv is an Amazon Comprehend export: 6 texts, 6 labelled."
    assert len(texts_to_classify(export)) == 6


@pytest.mark.parametrize("header", ["label,text\n", "mood,text\n", "label,post\n"])
def test_csv_with_a_header_is_an_ordinary_table(tmp_path: Path, header: str) -> None:
    table = write(tmp_path / "posts.csv", header + CSV)
    columns = header.strip().split(",")

    source = read(table, columns[1], columns[0])

    assert len(source.splits["train"].texts) == 6
    assert not any("Comprehend" in note for note in source.notes)


def test_a_quote_in_csv_without_a_header_swallows_no_rows(tmp_path: Path) -> None:
    texts = [f"this is text number {number}" for number in range(20)]
    texts[4], texts[9] = f'"{texts[4]}', f'{texts[9]}"'
    rows = [("joy" if number % 2 else "anger", text) for number, text in enumerate(texts)]
    table = write(tmp_path / "posts.csv", "".join(f"{label},{text}\n" for label, text in rows))

    source = read(table)

    assert source.splits["train"].texts == texts
    assert any("20 rows: quotes are read as ordinary characters" in note for note in source.notes)


def test_rows_in_a_quoted_cell_are_refused_if_other_cells_need_quotes(tmp_path: Path) -> None:
    texts = [f"this is text number {number}" for number in range(20)]
    texts[4], texts[9], texts[12] = f'"{texts[4]}', f'{texts[9]}"', '"oh, well"'
    rows = [("joy" if number % 2 else "anger", text) for number, text in enumerate(texts)]
    table = write(tmp_path / "posts.csv", "".join(f"{label},{text}\n" for label, text in rows))

    with pytest.raises(DataError, match=r"posts.csv, lines 5 to 10: a cell in quotes"):
        read(table)


def test_settings_for_tables_win(tmp_path: Path) -> None:
    table = write(tmp_path / "posts.csv", "text,label\nso happy,joy\ngo away,anger\n")

    assert texts_to_classify(table) == ["so happy", "go away"]


def manifest(text: str, **meta: Any) -> dict[str, Any]:
    """Return a row of an augmented manifest."""
    kind = "groundtruth/text-classification"
    return {"source": text, "job": 0, "job-metadata": {"human-annotated": "yes", "type": kind, **meta}}


def test_a_manifest_names_the_class_in_its_metadata(tmp_path: Path) -> None:
    rows = [
        manifest("so happy", **{"class-name": "joy", "confidence": 0.9}),
        manifest("hm", **{"class-map": {"0": "joy", "2": "anger"}}),
        manifest("by machine", **{"class-name": "joy", "human-annotated": "no"}),
        manifest("failed", **{"failure-reason": "timeout"}),
    ]
    export = write_lines(tmp_path / "output.manifest", rows)

    assert labelled(export) == {"train": [("so happy", "joy"), ("hm", ["anger", "joy"])]}
    assert first_note(export) == (
        "output.manifest is an Amazon Comprehend export: 4 texts, 2 labelled, 1 without annotation, 1 failed."
    )
    assert read(export).notes[1] == "A machine's suggestions, for 1 text, do not count as labels."


def test_texts_in_a_bucket_are_not_read(tmp_path: Path) -> None:
    elsewhere = manifest("x", **{"class-name": "joy"})
    elsewhere["source-ref"] = f"s3://bucket/{elsewhere.pop('source')}"

    with pytest.raises(DataError, match=r"its text is elsewhere, in s3://bucket/x"):
        read(write_lines(tmp_path / "a.jsonl", [elsewhere]))
