"""Pairs between the processes of a cluster."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pyarrow import parquet

from pair_data import pair_rows, write_pair_csv
from textune.cluster.rows import RowReader, classify, read_columns, write_part
from textune.prediction.input_columns import choose_columns
from textune.runtimes.choosing import load_predictor

PAIRS = [pair for pair, _ in pair_rows(12)]


def test_a_part_has_both_texts_and_the_models_scores(pair_run: Path, tmp_path: Path) -> None:
    files = (str(write_pair_csv(tmp_path / "questions.csv", 12)),)
    choice, predictor = choose_columns(pair_run), load_predictor(pair_run, runtime="torch")
    reader = RowReader(files, choice, read_columns(files, choice, pairs=True), {}, pairs=True)

    for table in reader.read(0):
        write_part(classify(predictor, table), tmp_path, files)

    (part,) = tmp_path.glob("part-*.parquet")
    rows = parquet.read_table(part).to_pylist()
    assert [(row["text"], row["text_pair"]) for row in rows] == [tuple(pair) for pair in PAIRS]
    assert list(rows[0])[2:] == ["text", "text_pair", "label", "score", "scores", "input_label"]
    scores = np.array([list(row["scores"].values()) for row in rows])
    assert np.abs(scores - predictor.predict_proba(PAIRS)).max() < 1e-6
