"""The endpoints where pairs of texts are classified."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from serving_stand_in import (
    BREAKS,
    LABELS,
    Running,
    WordPredictor,
    independent_probabilities_of,
    probabilities_of,
    running,
)
from textune.formats.text_pairs import TextPair

PAIR = TextPair("so happy", "how sad")
OBJECT = {"text": "so happy", "text_pair": "how sad"}
PATHS = ("/", "/predict", "/labels")


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running(predictor=WordPredictor(pairs=True), characters=200) as server:
        yield server


@pytest.fixture(scope="module")
def single_server() -> Iterator[Running]:
    with running() as server:
        yield server


def by_label(scores: list[dict[str, Any]]) -> dict[str, float]:
    return {entry["label"]: entry["score"] for entry in scores}


EXPECTED = pytest.approx(probabilities_of(PAIR))


def test_an_object_is_a_pair_in_hugging_faces_schema(server: Running) -> None:
    [scores] = server.post({"inputs": OBJECT}).json

    assert by_label(scores) == EXPECTED


def test_a_list_of_objects_is_a_batch_in_their_order(server: Running) -> None:
    pairs = [TextPair(f"text {number}", f"other {-number}") for number in range(60)]

    answer = server.post({"inputs": [{"text": one, "text_pair": other} for one, other in pairs]}).json

    assert [by_label(scores) for scores in answer] == [
        pytest.approx(probabilities_of(pair)) for pair in pairs
    ]


@pytest.mark.parametrize("inputs", [OBJECT, list(PAIR)])
def test_predict_gives_one_pair_a_flat_list(server: Running, inputs: Any) -> None:
    assert by_label(server.post({"inputs": inputs}, "/predict").json) == EXPECTED


@pytest.mark.parametrize("inputs", [[OBJECT], [list(PAIR)]])
def test_predict_gives_a_batch_of_pairs_a_nested_list(server: Running, inputs: Any) -> None:
    [scores] = server.post({"inputs": inputs}, "/predict").json

    assert by_label(scores) == EXPECTED


def test_the_order_of_the_texts_matters(server: Running) -> None:
    swapped = server.post({"inputs": list(PAIR[::-1])}, "/predict").json

    assert by_label(swapped) == pytest.approx(probabilities_of(TextPair(*PAIR[::-1])))


def test_labels_decides_on_pairs(server: Running) -> None:
    [answer] = server.post({"inputs": OBJECT}, "/labels").json

    assert answer["scores"] == EXPECTED


@pytest.mark.parametrize("path", [*PATHS, "/explain"])
def test_a_single_text_is_refused_wherever_pairs_are_classified(server: Running, path: str) -> None:
    answer = server.post({"inputs": "so happy"}, path)

    assert answer.status == 422
    assert answer.json["error"].startswith(
        "inputs: This classifier takes pairs of texts, and this is a single"
    )


@pytest.mark.parametrize("path", [*PATHS, "/explain"])
def test_a_pair_is_refused_wherever_single_texts_are_classified(single_server: Running, path: str) -> None:
    answer = single_server.post({"inputs": OBJECT}, path)

    assert answer.status == 422
    assert answer.json["error"] == "inputs: This classifier takes single texts, and this is a pair of texts."


def test_a_list_of_two_texts_is_a_pair_only_in_text_embeddings_inferences_schema(server: Running) -> None:
    answers = [server.post({"inputs": list(PAIR)}, path) for path in PATHS]

    assert [answer.status for answer in answers] == [422, 200, 422]
    assert "inputs[0]: This classifier takes pairs of texts" in answers[0].json["error"]


def test_lists_in_lists_are_only_in_text_embeddings_inferences_schema(server: Running) -> None:
    answers = [server.post({"inputs": [list(PAIR)]}, path) for path in PATHS]

    assert [answer.status for answer in answers] == [422, 200, 422]


def test_more_than_two_texts_are_no_pair(server: Running) -> None:
    flat, nested = (
        server.post({"inputs": inputs}, "/predict").json["error"] for inputs in (["a"] * 3, [["a"] * 3])
    )

    assert flat == "inputs: A list of 3 texts is not a pair. A batch of pairs is a list of lists."
    assert nested == "inputs[0]: A list inside a batch has one text, or the two of a pair."


def test_a_text_by_name_is_taken_where_single_texts_are_classified(single_server: Running) -> None:
    asked = {"inputs": [{"text": "so happy"}, {"text": "so sad", "text_pair": None}]}

    answer = single_server.post(asked).json

    assert [by_label(scores) for scores in answer] == [
        pytest.approx(probabilities_of("so happy")),
        pytest.approx(probabilities_of("so sad")),
    ]


def test_the_tokens_of_both_texts_count_where_nothing_may_be_cut(server: Running) -> None:
    asked = {"inputs": [list(PAIR), ["five words are in this", "and four in that"]], "truncate": False}

    answer = server.post(asked, "/predict")

    assert answer.status == 413
    assert answer.json["error"] == "inputs[1]: 9 tokens exceed the 8 that the model reads."


def test_the_characters_of_both_texts_count(server: Running) -> None:
    answer = server.post({"inputs": {"text": "a" * 101, "text_pair": "b" * 100}})

    assert answer.status == 413
    assert answer.json["error"] == "inputs: 201 characters exceed the limit of 200 per pair."


def test_a_truncated_pair_counts_as_one_text_in_the_answer_and_the_log(server: Running) -> None:
    answer = server.post({"inputs": [OBJECT, {"text": "so " * 5, "text_pair": "sad " * 4}]})

    assert answer.headers["x-truncated-texts"] == "1"
    request = server.logged()[-1]
    assert (request["texts"], request["truncated_texts"]) == (2, 1)


def test_pairs_of_similar_length_of_both_texts_are_classified_together() -> None:
    predictor = WordPredictor(pairs=True)
    with running(predictor=predictor, workers=1) as server:
        with predictor.held():
            first, _ = server.later({"inputs": OBJECT})
            assert predictor.entered.wait(20)
            long, short = ("a" * 1500, "b" * 1500), ("a", "b")
            sent = [{"text": one, "text_pair": other} for one, other in (long, short) * 10]
            second, answers = server.later({"inputs": sent})
            while not server.service.queue.admitted > 1:
                pass
        first.join()
        second.join()

    assert answers[0].status == 200
    # A batch of 16,384 characters holds five of the long pairs, as both of their texts count.
    kinds = [[len(first) for first, _ in batch] for batch in predictor.batches]
    assert max(kind.count(1500) for kind in kinds) == 5
    assert all(len({*kind}) == 1 for kind in kinds)


def test_explain_weighs_the_words_of_both_texts_apart(server: Running) -> None:
    whole = probabilities_of(PAIR)
    label = max(whole, key=lambda name: whole[name])
    without = probabilities_of(TextPair(PAIR.first, "sad"))

    answer = server.post({"inputs": OBJECT}, "/explain").json

    assert (answer["label"], answer["score"]) == (label, pytest.approx(whole[label]))
    assert [(part["start"], part["end"]) for part in answer["parts"]] == [(0, 2), (3, 8)]
    assert answer["parts_pair"][0] == {
        "start": 0,
        "end": 3,
        "weight": pytest.approx(whole[label] - without[label]),
    }


def test_explain_has_no_second_parts_for_a_single_text(single_server: Running) -> None:
    answer = single_server.post({"inputs": "so happy"}, "/explain").json

    assert sorted(answer) == ["label", "parts", "score", "truncated"]


def test_info_says_whether_pairs_are_classified(server: Running, single_server: Running) -> None:
    assert server.ask("GET", "/info").json["pairs"] is True
    assert single_server.ask("GET", "/info").json["pairs"] is False


def test_a_pair_that_breaks_the_model_is_a_failure_of_its_own_request(server: Running) -> None:
    answer = server.post({"inputs": {"text": BREAKS, "text_pair": "b"}})

    assert answer.status == 500
    assert server.post({"inputs": OBJECT}).status == 200
    assert BREAKS not in server.log.getvalue()


def test_pairs_can_have_several_labels() -> None:
    with running(predictor=WordPredictor(pairs=True, thresholds=(0.0, 0.0, 1.1))) as server:
        [scores] = server.post({"inputs": OBJECT}).json
        [answer] = server.post({"inputs": OBJECT}, "/labels").json
        explained = server.post({"inputs": OBJECT}, "/explain").json

    assert by_label(scores) == pytest.approx(independent_probabilities_of(PAIR))
    assert answer["labels"] == list(LABELS[:2])
    assert [len(each["parts_pair"]) for each in (explained, *explained["others"])] == [2, 2]


def forms(server: Running, request: str) -> list[str]:
    """Return the kinds of inputs that the description of a request has."""
    document = server.ask("GET", "/openapi.json").json
    schemas = document["components"]["schemas"]
    kinds = []
    for form in schemas[request]["properties"]["inputs"]["oneOf"]:
        items = form.get("items", {})
        kinds.append(form.get("type", "object") + (f" of {items.get('type', 'object')}" if items else ""))
    return kinds


def test_the_description_has_what_this_classifier_takes(server: Running, single_server: Running) -> None:
    assert forms(server, "ClassifyRequest") == ["object", "array of object"]
    assert forms(server, "PredictRequest") == [
        "object",
        "array of string",
        "array of object",
        "array of array",
    ]
    assert forms(server, "ExplainRequest") == ["object"]
    assert forms(single_server, "ClassifyRequest") == [
        "string",
        "object",
        "array of string",
        "array of object",
    ]


def test_the_description_of_a_pair_needs_both_texts(server: Running, single_server: Running) -> None:
    pair, single = (
        each.ask("GET", "/openapi.json").json["components"]["schemas"]["TextObject"]
        for each in (server, single_server)
    )

    assert pair["required"] == ["text", "text_pair"]
    assert list(single["properties"]) == ["text"]
