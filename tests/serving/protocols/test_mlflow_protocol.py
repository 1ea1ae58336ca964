"""MLflow's scoring protocol."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from serving_stand_in import (
    LABELS,
    Answer,
    Running,
    WordPredictor,
    independent_probabilities_of,
    probabilities_of,
    running,
)
from textune.formats.text_pairs import TextPair
from textune.model.outside_threshold import OutsideThreshold

PATH = "/invocations"
PARQUET = "application/vnd.apache.parquet"
TEXTS = ("so happy", "so sad")


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running(protocols=["mlflow"]) as server:
        yield server


def ask(server: Running, body: bytes, media_type: str) -> Answer:
    return server.ask("POST", PATH, body=body, content_type=media_type)


def scores(answer: Answer) -> list[dict[str, float]]:
    assert answer.status == 200, answer.body
    return [{name: record[f"score_{name}"] for name in LABELS} for record in answer.json["predictions"]]


def as_parquet(**columns: Any) -> bytes:
    written = io.BytesIO()
    parquet.write_table(pa.table(columns), written, compression="zstd")
    return written.getvalue()


EXPECTED = [pytest.approx(probabilities_of(text)) for text in TEXTS]
BODIES: dict[str, Any] = {
    "a split table": {"dataframe_split": {"columns": ["text"], "data": [["so happy"], ["so sad"]]}},
    "a split table with an index": {
        "dataframe_split": {
            "index": [0, 1],
            "columns": ["id", "text"],
            "data": [[1, "so happy"], [2, "so sad"]],
        }
    },
    "a column of another name": {
        "dataframe_split": {"columns": ["review"], "data": [["so happy"], ["so sad"]]}
    },
    "no names": {"dataframe_split": {"data": [["so happy"], ["so sad"]]}},
    "records": {"dataframe_records": [{"text": "so happy", "id": 1}, {"text": "so sad", "id": 2}]},
    "instances": {"instances": ["so happy", "so sad"]},
    "instances as records": {"instances": [{"text": "so happy"}, {"text": "so sad"}]},
    "inputs": {"inputs": ["so happy", "so sad"]},
    "inputs as rows": {"inputs": [["so happy"], ["so sad"]]},
    "inputs as columns": {"inputs": {"text": ["so happy", "so sad"]}},
    "params that are empty": {"inputs": ["so happy", "so sad"], "params": {}},
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_texts_may_be_in_any_of_mlflows_forms(server: Running, body: Any) -> None:
    assert scores(server.post(body, PATH)) == EXPECTED


@pytest.mark.parametrize(
    "body", [b"text\nso happy\nso sad\n", b"\xef\xbb\xbfid,text\r\n1,so happy\r\n2,so sad"]
)
def test_texts_may_be_in_csv_with_a_header(server: Running, body: bytes) -> None:
    assert scores(ask(server, body, "text/csv; charset=utf-8")) == EXPECTED


@pytest.mark.parametrize("media_type", [PARQUET, "application/x-parquet"])
def test_texts_may_be_in_parquet(server: Running, media_type: str) -> None:
    assert scores(ask(server, as_parquet(id=[1, 2], text=list(TEXTS)), media_type)) == EXPECTED


def test_a_single_text_may_be_one(server: Running) -> None:
    assert scores(server.post({"inputs": "so happy"}, PATH)) == EXPECTED[:1]
    assert scores(server.post({"inputs": {"text": "so happy"}}, PATH)) == EXPECTED[:1]


def test_a_prediction_is_a_flat_record(server: Running) -> None:
    [record] = server.post({"inputs": ["so happy"]}, PATH).json["predictions"]

    assert list(record) == ["label", "score", "score_anger", "score_joy", "score_sadness", "truncated"]
    assert record["score"] == max(probabilities_of("so happy").values())


def test_several_labels_are_a_list() -> None:
    with running(predictor=WordPredictor(thresholds=(0.3, 0.5, 0.6)), protocols=["mlflow"]) as server:
        answer = server.post({"inputs": ["so happy"]}, PATH)

    assert scores(answer) == [pytest.approx(independent_probabilities_of("so happy"))]
    assert isinstance(answer.json["predictions"][0]["labels"], list)


def test_a_label_that_is_withheld_is_null_and_says_why() -> None:
    outside = OutsideThreshold("", "max_logit", 99)
    with running(predictor=WordPredictor(threshold=1.1, outside=outside), protocols=["mlflow"]) as server:
        [record] = server.post({"inputs": ["so happy"]}, PATH).json["predictions"]

    assert (record["label"], record["abstained"], record["other"]) == (None, False, True)


def test_pairs_are_two_columns() -> None:
    pair = {"text_pair": "how sad", "text": "so happy"}
    with running(predictor=WordPredictor(pairs=True), protocols=["mlflow"]) as server:
        answers = [
            server.post({"dataframe_records": [pair]}, PATH),
            server.post({"inputs": [["so happy", "how sad"]]}, PATH),
            ask(server, as_parquet(text=["so happy"], text_pair=["how sad"]), PARQUET),
        ]
        refused = server.post({"inputs": ["so happy"]}, PATH)

    expected = [pytest.approx(probabilities_of(TextPair("so happy", "how sad")))]
    assert list(map(scores, answers)) == [expected] * 3
    assert refused.status == 400


def test_ping_health_and_version_are_answered(server: Running) -> None:
    statuses = [server.ask("GET", path).status for path in ("/ping", "/health", "/version")]

    assert statuses == [200, 200, 200]


WRONG: dict[str, Any] = {
    "nothing": {},
    "a list": ["a"],
    "two keys": {"inputs": ["a"], "instances": ["a"]},
    "an unknown key": {"inputs": ["a"], "signature_name": "x"},
    "parameters": {"inputs": ["a"], "params": {"top_k": 1}},
    "numbers": {"inputs": [1, 2]},
    "a mixture": {"inputs": ["a", {"text": "b"}]},
    "an object and a text": {"inputs": [{"text": "b"}, "a"]},
    "no text": {"inputs": []},
    "null": {"inputs": [None]},
    "no column of texts": {"dataframe_split": {"columns": ["a", "b"], "data": [["x", "y"]]}},
    "two columns of texts": {"dataframe_split": {"columns": ["text", "text"], "data": [["x", "y"]]}},
    "rows that differ": {"dataframe_split": {"columns": ["text"], "data": [["x"], ["x", "y"]]}},
    "no rows": {"dataframe_split": {"columns": ["text"], "data": []}},
    "records that differ": {"dataframe_records": [{"text": "a"}, {"other": "b"}]},
    "no records": {"dataframe_records": []},
    "columns that differ in length": {"inputs": {"a": ["a"], "b": ["a", "b"]}},
    "a number in a column": {"dataframe_split": {"columns": ["text"], "data": [[1]]}},
    "a blank text": {"inputs": ["a", " "]},
    "a deep list": {"inputs": [[["a"]]]},
    "lists for names": {"dataframe_split": {"columns": [["text"], {}], "data": [["a", "b"]]}},
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_a_wrong_request_is_refused_with_400_in_mlflows_form(server: Running, wrong: Any) -> None:
    answer = server.post(wrong, PATH)

    assert (answer.status, answer.json["error_code"]) == (400, "BAD_REQUEST")
    assert answer.json["message"]


def test_a_type_that_mlflow_does_not_have_is_refused_with_415(server: Running) -> None:
    answer = ask(server, b"so happy", "text/plain")

    assert (answer.status, answer.json["error_code"]) == (415, "BAD_REQUEST")


def test_with_sagemaker_the_body_says_whose_it_is() -> None:
    with running(protocols=["mlflow", "sagemaker"]) as server:
        its_own = [
            server.post(BODIES["a split table"], PATH),
            server.post(BODIES["instances"], PATH),
            server.post(BODIES["params that are empty"], PATH),
            ask(server, b"text\nso happy\nso sad\n", "text/csv"),
            ask(server, as_parquet(text=list(TEXTS)), PARQUET),
        ]
        others = [server.post({"inputs": list(TEXTS)}, PATH), ask(server, b"so happy\nso sad\n", "text/csv")]
        refused = [server.post({"instances": [1]}, PATH).json, server.post({"inputs": [1]}, PATH).json]

    assert [scores(answer) for answer in its_own] == [EXPECTED] * 5
    assert [isinstance(answer.json, list) for answer in others] == [True, True]
    assert [refusal.keys() for refusal in refused] == [{"error_code", "message"}, {"error", "error_type"}]
