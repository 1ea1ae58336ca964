"""What a server keeps of its predictions: nothing by default, and never at the cost of an answer."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from serving_stand_in import LABELS, Running, WordPredictor, eventually, logits_of, running
from textune.data.dataset import Split
from textune.formats.text_pairs import TextPair
from textune.logbook.log_block import LogBlock
from textune.logbook.log_estimate import LogEstimate, write_log_estimate
from textune.logbook.log_options import LogOptions
from textune.logbook.log_reader import read_log
from textune.run.predictions import Predictions, write_predictions

TEXTS = ["so happy", "not again", "a third text"]


def kept(folder: Path) -> list[LogBlock]:
    """Return what is in the log, one block per file: with one server that has ended, one."""
    return [*read_log(folder)]


def metrics_of(server: Running) -> dict[str, float]:
    lines = server.ask("GET", "/metrics").body.decode().splitlines()
    return {
        name: float(value)
        for name, _, value in (line.rpartition(" ") for line in lines if not line.startswith("#"))
    }


def with_validation(folder: Path, tops: Iterable[int]) -> Path:
    """Return a run's folder with a validation split whose texts have these labels as the most probable."""
    (folder / "predictions").mkdir(parents=True)
    probabilities = np.eye(3)[list(tops)] * 0.7 + 0.1
    texts = [f"text {number}" for number in range(len(probabilities))]
    split = Split.from_lists(texts, np.zeros(len(texts), np.int64))
    write_predictions(
        folder / "predictions" / "validation.parquet", Predictions.of(split, probabilities, LABELS)
    )
    return folder


def test_by_default_nothing_is_kept_and_no_features_are_computed(tmp_path: Path) -> None:
    predictor: Any = WordPredictor()
    predictor.features_and_logits = None
    with running(predictor=predictor) as server:
        answer = server.post({"inputs": TEXTS})
        metrics = metrics_of(server)

    assert answer.status == 200
    assert not [name for name in metrics if "kept" in name or "recent" in name]
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("path", ["/", "/predict", "/labels"])
def test_features_and_logits_of_every_answer_are_kept_without_the_texts(tmp_path: Path, path: str) -> None:
    with running(keep=LogOptions(tmp_path), model_sha256="f00") as server:
        answer = server.post({"inputs": TEXTS}, path, x_request_id="mine")

    [block] = kept(tmp_path)
    assert answer.status == 200
    assert (block.header.run, block.header.model_sha256) == ("my-run", "f00")
    assert block.header.label_names == LABELS
    assert list(block.requests) == ["mine"] * 3
    assert block.numbers.tolist() == [0, 1, 2]
    assert block.texts is None
    np.testing.assert_allclose(block.logits, [logits_of(text) for text in TEXTS], rtol=1e-6)
    assert block.features is not None
    assert block.features.tolist() == [[2, 2], [2, 2], [3, 3]]


def test_texts_are_kept_if_that_is_asked_for(tmp_path: Path) -> None:
    with running(keep=LogOptions(tmp_path, texts=True)) as server:
        server.post({"inputs": TEXTS})

    assert kept(tmp_path)[0].texts == TEXTS


def test_pairs_are_kept_as_pairs(tmp_path: Path) -> None:
    with running(keep=LogOptions(tmp_path, texts=True), predictor=WordPredictor(pairs=True)) as server:
        server.post({"inputs": {"text": "a", "text_pair": "b"}})

    assert kept(tmp_path)[0].texts == [TextPair("a", "b")]


def test_an_explanation_keeps_the_clients_text_and_not_its_versions_without_a_word(tmp_path: Path) -> None:
    with running(keep=LogOptions(tmp_path, texts=True)) as server:
        server.post({"inputs": "a third text"}, "/explain")

    assert kept(tmp_path)[0].texts == ["a third text"]


def test_which_texts_were_truncated_is_kept(tmp_path: Path) -> None:
    with running(keep=LogOptions(tmp_path)) as server:
        server.post({"inputs": ["short", "long " * 20]})

    assert kept(tmp_path)[0].truncated.tolist() == [False, True]


def test_a_refused_request_is_not_kept(tmp_path: Path) -> None:
    with running(keep=LogOptions(tmp_path / "log"), texts=2) as server:
        statuses = [server.post({"inputs": inputs}).status for inputs in (TEXTS, "")]

    assert statuses == [413, 422]
    assert not (tmp_path / "log").exists()


def test_a_sample_keeps_whole_requests(tmp_path: Path) -> None:
    with running(keep=LogOptions(tmp_path, sample=0.3)) as server:
        for _ in range(60):
            server.post({"inputs": TEXTS})

    [block] = kept(tmp_path)
    assert 3 <= len(set(block.requests)) <= 40
    assert len(block) == 3 * len(set(block.requests))
    assert block.header.sample == 0.3


def test_a_classifier_without_features_keeps_the_rest_and_says_so(tmp_path: Path) -> None:
    predictor = WordPredictor()
    predictor.gives_features = False
    with running(keep=LogOptions(tmp_path), predictor=predictor) as server:
        server.post({"inputs": TEXTS})
        logged = server.logged()

    [block] = kept(tmp_path)
    assert (len(block), block.features) == (3, None)
    [note] = [line for line in logged if line["event"] == "predictions" and line["level"] == "warning"]
    assert "gives no features" in note["message"]


def test_a_folder_that_cannot_be_written_stops_no_answer_and_is_in_log_and_metrics(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with running(keep=LogOptions(tmp_path / "file" / "log")) as server:
        statuses = [server.post({"inputs": TEXTS}).status for _ in range(3)]
        assert eventually(lambda: metrics_of(server)["textune_kept_failing"] == 1)
        metrics, logged = metrics_of(server), server.logged()

    assert statuses == [200, 200, 200]
    assert metrics["textune_kept_dropped_texts_total"] > 0
    [error] = [line["message"] for line in logged if line["level"] == "error"]
    assert "Not a directory" in error


def test_the_log_says_at_the_start_what_is_kept_and_where(tmp_path: Path) -> None:
    with running(keep=LogOptions(tmp_path, sample=0.1)) as server:
        [line] = [line for line in server.logged() if line["event"] == "predictions"]

    expected = f"The predictions of 0.1 of the requests are kept in {tmp_path}, without the texts."
    assert line["message"] == expected


def test_prometheus_gets_the_shares_of_the_labels_and_their_drift_from_validation(tmp_path: Path) -> None:
    run = with_validation(tmp_path / "run", [0, 0, 1, 2])
    with running(keep=LogOptions(tmp_path / "log"), folder=run) as server:
        server.post({"inputs": TEXTS})
        assert eventually(lambda: metrics_of(server)["textune_recent_texts"] == 3)
        metrics = metrics_of(server)

    given = [LABELS[int(np.argmax(logits_of(text)))] for text in TEXTS]
    for label, expected in zip(LABELS, (0.5, 0.25, 0.25), strict=True):
        share = given.count(label) / 3
        assert metrics[f'textune_recent_label_share{{label="{label}"}}'] == pytest.approx(share)
        assert metrics[f'textune_validation_label_share{{label="{label}"}}'] == pytest.approx(expected)
        assert metrics[f'textune_label_drift{{label="{label}"}}'] == pytest.approx(share - expected)
    assert metrics["textune_kept_texts_total"] == 3
    assert 1 / 3 < metrics["textune_recent_mean_confidence"] < 1


def test_several_labels_have_shares_of_their_own_and_no_mean_confidence(tmp_path: Path) -> None:
    predictor = WordPredictor(thresholds=[0.0, 0.5, 1.1])
    with running(keep=LogOptions(tmp_path), predictor=predictor) as server:
        server.post({"inputs": TEXTS})
        assert eventually(lambda: metrics_of(server)["textune_recent_texts"] == 3)
        metrics = metrics_of(server)

    shares = [metrics[f'textune_recent_label_share{{label="{label}"}}'] for label in ("anger", "sadness")]
    assert shares == [1, 0]
    assert "textune_recent_mean_confidence" not in metrics


def test_without_texts_or_validation_there_are_no_shares(tmp_path: Path) -> None:
    with running(keep=LogOptions(tmp_path)) as server:
        metrics = metrics_of(server)

    assert metrics["textune_recent_texts"] == 0
    assert not [name for name in metrics if "share" in name or "drift" in name or "confidence" in name]


@pytest.mark.parametrize("value", [0.7, None], ids=["an estimate", "a refusal"])
def test_prometheus_gets_the_last_estimate_that_the_folder_holds(tmp_path: Path, value: float | None) -> None:
    estimate = LogEstimate("f00", "accuracy", 1e9, 500, value, value, value, 0.4)
    with running(keep=LogOptions(tmp_path), model_sha256="f00") as server:
        before = metrics_of(server)
        write_log_estimate(tmp_path, estimate)
        assert eventually(lambda: "textune_outside_share" in metrics_of(server))
        metrics = metrics_of(server)

    assert "textune_outside_share" not in before
    assert metrics["textune_estimate_refused"] == (value is None)
    assert metrics["textune_estimate_time_seconds"] == 1e9
    assert metrics.get('textune_estimated_accuracy{end="value"}') == value


def test_an_estimate_of_another_classifier_is_not_published(tmp_path: Path) -> None:
    write_log_estimate(tmp_path, LogEstimate("bad", "accuracy", 1e9, 500, 0.7, 0.6, 0.8, 0.0))
    with running(keep=LogOptions(tmp_path), model_sha256="f00") as server:
        server.post({"inputs": TEXTS})
        assert eventually(lambda: metrics_of(server)["textune_kept_bytes"] > 0)
        metrics = metrics_of(server)

    assert not [name for name in metrics if "estimate" in name]
