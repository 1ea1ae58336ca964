"""The endpoints: what each takes and gives."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest

from serving_stand_in import LABELS, Running, WordPredictor, logits_of, probabilities_of, running
from textune.data.dataset import SINGLE_LABEL
from textune.encoder.windows import WindowReading
from textune.evaluation import metrics

METRICS = {"metrics": {"test": {"accuracy": 0.8}}}


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running(metrics=METRICS) as server:
        yield server


def by_label(scores: list[dict[str, Any]]) -> dict[str, float]:
    return {entry["label"]: entry["score"] for entry in scores}


def test_one_text_gets_a_nested_list_as_hugging_faces_clients_need_it(server: Running) -> None:
    [scores] = server.post({"inputs": "so happy"}).json

    assert by_label(scores) == pytest.approx(probabilities_of("so happy"))


def test_labels_come_with_the_highest_score_first(server: Running) -> None:
    [scores] = server.post({"inputs": "so happy"}).json

    assert [entry["score"] for entry in scores] == sorted(by_label(scores).values(), reverse=True)


def test_a_batch_gets_a_list_per_text_in_its_order(server: Running) -> None:
    texts = [f"text number {number}" for number in range(100)]

    answer = server.post({"inputs": texts}).json

    assert [by_label(scores) for scores in answer] == [
        pytest.approx(probabilities_of(text)) for text in texts
    ]


def test_top_k_keeps_the_most_probable_labels(server: Running) -> None:
    [scores] = server.post({"inputs": "so happy", "parameters": {"top_k": 1}}).json

    assert by_label(scores) == pytest.approx(
        dict([max(probabilities_of("so happy").items(), key=lambda x: x[1])])
    )


def test_without_a_function_scores_are_logits(server: Running) -> None:
    [scores] = server.post({"inputs": "so happy", "parameters": {"function_to_apply": "none"}}).json

    assert by_label(scores) == pytest.approx(dict(zip(LABELS, logits_of("so happy"), strict=True)))


def test_sigmoid_takes_every_label_by_itself(server: Running) -> None:
    [scores] = server.post({"inputs": "so happy", "parameters": {"function_to_apply": "sigmoid"}}).json

    assert sum(by_label(scores).values()) != pytest.approx(1, abs=0.01)


def test_predict_gives_one_text_a_flat_list(server: Running) -> None:
    scores = server.post({"inputs": "so happy"}, "/predict").json

    assert by_label(scores) == pytest.approx(probabilities_of("so happy"))


@pytest.mark.parametrize("inputs", [["one", "two"], [["one"], ["two"]]])
def test_predict_gives_a_batch_a_nested_list(server: Running, inputs: Any) -> None:
    answer = server.post({"inputs": inputs, "truncate": True}, "/predict").json

    expected = [pytest.approx(probabilities_of("one")), pytest.approx(probabilities_of("two"))]
    assert [by_label(scores) for scores in answer] == expected


def test_predict_gives_raw_scores_where_they_are_asked_for(server: Running) -> None:
    scores = server.post({"inputs": "so happy", "raw_scores": True}, "/predict").json

    assert by_label(scores) == pytest.approx(dict(zip(LABELS, logits_of("so happy"), strict=True)))


def test_predict_refuses_a_text_that_would_be_cut_and_must_not_be(server: Running) -> None:
    answer = server.post({"inputs": ["short", "long " * 9], "truncate": False}, "/predict")

    assert answer.status == 413
    assert answer.json["error"] == "inputs[1]: 9 tokens exceed the 8 that the model reads."
    assert answer.json["error_type"] == "validation"


def test_predict_takes_a_text_that_need_not_be_cut(server: Running) -> None:
    asked = {"inputs": "short", "truncate": False, "truncation_direction": "Left"}

    assert server.post(asked, "/predict").status == 200


def test_predict_refuses_to_cut_on_the_left(server: Running) -> None:
    answer = server.post({"inputs": "long " * 9, "truncation_direction": "left"}, "/predict")

    assert answer.status == 422
    assert "right end only" in answer.json["error"]


def test_a_text_that_is_read_in_windows_is_not_cut() -> None:
    predictor = WordPredictor(windows=WindowReading(0, "mean", max_windows=2))
    with running(predictor=predictor, metrics=METRICS) as server:
        answers = [
            server.post({"inputs": "long " * words, "truncate": False}, "/predict") for words in (9, 17)
        ]

        assert [answer.status for answer in answers] == [200, 413]
        assert "longer than the 2 windows of 8 tokens" in answers[1].json["error"]
        assert server.ask("GET", "/info").json["long_texts"] == "windows"


def test_explain_weighs_every_word_for_the_most_probable_label(server: Running) -> None:
    whole, without = probabilities_of("so happy"), probabilities_of("happy")
    label = max(whole, key=lambda name: whole[name])

    answer = server.post({"inputs": "so happy"}, "/explain").json

    assert (answer["label"], answer["score"]) == (label, pytest.approx(whole[label]))
    assert answer["parts"][0] == {
        "start": 0,
        "end": 2,
        "weight": pytest.approx(whole[label] - without[label]),
    }
    assert len(answer["parts"]) == 2


def test_explain_takes_a_text_apart_into_the_words_of_textune_explain(server: Running) -> None:
    text = "Don't be #sad, 今日 👍🏽"

    parts = server.post({"inputs": text}, "/explain").json["parts"]

    words = ["Don't", "be", "#sad", ",", "今", "日", "👍🏽"]
    assert [text[part["start"] : part["end"]] for part in parts] == words


def test_explain_weighs_for_the_label_that_is_asked_for(server: Running) -> None:
    answer = server.post({"inputs": "so happy", "label": "sadness"}, "/explain").json

    assert (answer["label"], answer["score"]) == (
        "sadness",
        pytest.approx(probabilities_of("so happy")["sadness"]),
    )


def test_explain_names_the_labels_that_there_are(server: Running) -> None:
    answer = server.post({"inputs": "so happy", "label": "fear"}, "/explain")

    assert answer.status == 422
    assert answer.json["error"] == "label: must be one of anger, joy, sadness."


def test_a_text_of_many_words_is_explained_in_groups_of_words(server: Running) -> None:
    answer = server.post({"inputs": "word " * 1000}, "/explain").json

    assert len(answer["parts"]) == 100


def test_a_server_that_takes_few_texts_explains_by_larger_groups() -> None:
    with running(texts=10) as server:
        answer = server.post({"inputs": "word " * 50}, "/explain").json

    assert len(answer["parts"]) == 10


def test_health_and_ready_are_answered(server: Running) -> None:
    assert server.ask("GET", "/health").status == 200
    assert server.ask("GET", "/ready").status == 200


def test_info_has_what_text_embeddings_inferences_clients_look_for(server: Running) -> None:
    info = server.ask("GET", "/info").json

    assert info["model_id"] == "tiny"
    assert info["model_type"]["classifier"]["id2label"] == {"0": "anger", "1": "joy", "2": "sadness"}
    assert info["max_input_length"] == 8
    assert info["max_client_batch_size"] == 256


def test_info_has_the_runs_metrics(server: Running) -> None:
    assert server.ask("GET", "/info").json["figures"] == METRICS


def test_info_has_a_row_for_every_metric_that_is_registered(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(metrics.METRICS, "toy", metrics.Metric("toy", "toy metric", lambda _: 0, unit="%"))

    rows = server.ask("GET", "/info").json["metrics"]

    assert [row["key"] for row in rows] == list(metrics.metrics_of(SINGLE_LABEL))
    assert rows[-1] == {"key": "toy", "title": "toy metric", "unit": "%", "direction": "higher"}


def test_metrics_count_requests_texts_and_batches(server: Running) -> None:
    server.post({"inputs": ["one", "two"]})

    answer = server.ask("GET", "/metrics")

    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'textune_requests_total{path="/",status="200"}' in answer.body.decode()
    assert "textune_batch_texts_bucket" in answer.body.decode()
    assert "process_resident_memory_bytes" in answer.body.decode()


def test_metrics_do_not_grow_with_the_paths_that_are_asked_for(server: Running) -> None:
    server.ask("GET", "/no/such/path-1")

    assert "path-1" not in server.ask("GET", "/metrics").body.decode()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("POST", "/nowhere", 404), ("DELETE", "/", 405), ("GET", "/predict", 405)],
)
def test_an_unknown_endpoint_is_refused_in_one_line(
    server: Running, method: str, path: str, status: int
) -> None:
    answer = server.ask(method, path)

    assert answer.status == status
    assert answer.json["error"] == "This endpoint does not exist; /openapi.json lists all endpoints."


def test_an_answer_carries_the_requests_id_and_its_times(server: Running) -> None:
    headers = server.post({"inputs": "so happy"}, x_request_id="my-own.id_7").headers

    assert headers["x-request-id"] == "my-own.id_7"
    assert 0 <= float(headers["x-queue-time"]) <= float(headers["x-total-time"])
    assert 0 <= float(headers["x-inference-time"]) <= float(headers["x-total-time"])


@pytest.mark.parametrize("given", ["", "with space", "x" * 65, '"quoted"'])
def test_an_id_that_could_harm_a_log_is_replaced(server: Running, given: str) -> None:
    answer = server.post({"inputs": "so happy"}, x_request_id=given)

    assert answer.headers["x-request-id"] != given
    assert len(answer.headers["x-request-id"]) == 32


def test_a_refusal_carries_them_too(server: Running) -> None:
    headers = server.post({"inputs": 7}, x_request_id="abc").headers

    assert headers["x-request-id"] == "abc"
    assert float(headers["x-total-time"]) >= 0


def test_the_interface_is_described(server: Running) -> None:
    document = server.ask("GET", "/openapi.json").json

    assert document["openapi"].startswith("3.")
    assert set(document["paths"]) == {
        *("/", "/predict", "/labels", "/explain", "/health", "/ready", "/info", "/metrics")
    }
    assert set(document["paths"]["/"]["post"]["responses"]) == {
        *("200", "408", "413", "422", "429", "500", "503", "504")
    }


def test_a_text_that_is_not_confident_enough_gets_no_label_and_the_scores_after_it() -> None:
    unsure, sure = sorted(("so happy", "so sad"), key=lambda text: max(probabilities_of(text).values()))
    between = (max(probabilities_of(unsure).values()) + max(probabilities_of(sure).values())) / 2

    with running(predictor=WordPredictor(threshold=between)) as server:
        [withheld, given] = server.post({"inputs": [unsure, sure]}).json
        [short] = server.post({"inputs": unsure, "parameters": {"top_k": 1}}).json
        flat = server.post({"inputs": unsure}, "/predict").json
        below = server.ask("GET", "/info").json["abstains_below"]

    highest = max(probabilities_of(unsure).values())
    assert withheld[0] == {"label": None, "score": pytest.approx(highest), "abstained": True}
    assert by_label(withheld[1:]) == pytest.approx(probabilities_of(unsure))
    assert by_label(given) == pytest.approx(probabilities_of(sure))
    assert [entry["label"] for entry in short] == [None, withheld[1]["label"]]
    assert flat == withheld
    assert below == between


def test_a_classifier_that_is_never_confident_enough_gives_no_label() -> None:
    with running(predictor=WordPredictor(threshold=math.inf)) as server:
        [scores] = server.post({"inputs": "so happy"}).json
        info = server.ask("GET", "/info").json

    assert scores[0]["label"] is None
    assert info["abstains_below"] is None


def counted(server: Running, name: str) -> float:
    """Return the value of a counter."""
    lines = server.ask("GET", "/metrics").body.decode().splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith(f"{name} ")))


@pytest.mark.parametrize("path", ["/", "/predict"])
def test_a_header_says_how_many_texts_the_model_does_not_read_to_the_end(server: Running, path: str) -> None:
    before = counted(server, "textune_truncated_texts_total")

    answer = server.post({"inputs": ["so " * 9, "so " * 8, "so " * 30]}, path)

    assert answer.headers["x-truncated-texts"] == "2"
    assert counted(server, "textune_truncated_texts_total") - before == 2


def test_the_header_is_there_without_such_texts(server: Running) -> None:
    assert server.post({"inputs": "short"}).headers["x-truncated-texts"] == "0"


def test_only_what_was_classified_has_the_header(server: Running) -> None:
    assert "x-truncated-texts" not in server.post({"inputs": ""}).headers
    assert "x-truncated-texts" not in server.ask("GET", "/info").headers


@pytest.mark.parametrize(("words", "truncated"), [(8, False), (9, True)])
def test_an_explanation_says_whether_the_text_is_longer_than_the_model_reads(
    server: Running, words: int, truncated: bool
) -> None:
    answer = server.post({"inputs": "so " * words}, "/explain")

    assert answer.json["truncated"] is truncated
    assert answer.headers["x-truncated-texts"] == str(int(truncated))


def test_the_log_has_the_number_of_truncated_texts() -> None:
    with running() as server:
        server.post({"inputs": ["so " * 9, "short"]}, x_request_id="abc")
        [line] = [line for line in server.logged() if line.get("request_id") == "abc"]

    assert (line["texts"], line["truncated_texts"]) == (2, 1)
