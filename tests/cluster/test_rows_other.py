"""Texts that belong to none of the classes, between the processes of a cluster."""

from __future__ import annotations

from pathlib import Path

from pyarrow import parquet

from outside_data import halve_run
from small_data import small_rows, write_small_csv
from textune.cluster.rows import RowReader, classify, load_copy, read_columns, read_copy, write_part
from textune.prediction.input_columns import DETECTED
from tiny_classifiers import linear_classifier
from tiny_exports import save_tiny_run
from tiny_models import build_tiny_model

TEXTS = [text for text, _ in small_rows(12)]


def test_a_part_says_which_texts_are_none_of_the_classes(tmp_path: Path) -> None:
    classifier = linear_classifier(build_tiny_model(tmp_path / "encoder"))
    run = halve_run(save_tiny_run(tmp_path / "run", classifier), TEXTS)
    files, predictor = (str(write_small_csv(tmp_path / "texts.csv", 12)),), load_copy(read_copy(run))
    reader = RowReader(files, DETECTED, read_columns(files, may_be_other=True), {}, may_be_other=True)

    for table in reader.read(0):
        write_part(classify(predictor, table), tmp_path, files)

    (part,) = tmp_path.glob("part-*.parquet")
    rows = parquet.read_table(part).to_pylist()
    assert [row["label"] for row in rows] == predictor.predict(TEXTS)
    assert [row["other"] for row in rows] == [row["label"] is None for row in rows]
    assert sum(row["other"] for row in rows) == 6


def test_a_column_of_that_name_is_renamed_only_if_the_output_has_one(tmp_path: Path) -> None:
    path = tmp_path / "texts.csv"
    path.write_text("text,other\nso happy,mine\n", encoding="utf-8")

    assert read_columns((str(path),)).names == ["other"]
    assert read_columns((str(path),), may_be_other=True).names == ["input_other"]
