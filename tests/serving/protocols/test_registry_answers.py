"""All protocols give the same answer to the same text: the one that is predicted offline."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import textune
from protocol_requests import ASKING, MODEL
from serving_stand_in import Running, eventually, running
from textune.formats.text_pairs import AnyText, TextPair
from textune.serving.served import load_served

TEXTS = [f"so happy and fun, said number {number} with a great smile" for number in range(20)]
PAIRS = [TextPair(text, f"was it {len(text)}?") for text in TEXTS]
KINDS = {
    "one label": ("served_run", TEXTS),
    "several labels": ("label_run", TEXTS),
    "pairs": ("pair_run", PAIRS),
    "pairs with several labels": ("pair_label_run", PAIRS),
}


@pytest.fixture(scope="module", params=KINDS)
def served(request: pytest.FixtureRequest) -> Iterator[tuple[Running, Path, list[AnyText]]]:
    """A server that speaks all protocols, its run, and texts for it."""
    fixture, texts = KINDS[request.param]
    run = request.getfixturevalue(fixture)
    predictor = load_served(run, runtime="torch").predictor
    with running(predictor=predictor, protocols=["all"], model_name=MODEL) as server:
        yield server, run, list(texts)


@pytest.mark.parametrize("protocol", ASKING)
def test_the_probabilities_are_those_that_are_predicted_offline(
    served: tuple[Running, Path, list[AnyText]], protocol: str
) -> None:
    server, run, texts = served
    predictor, asking = textune.load(run, runtime="torch"), ASKING[protocol]

    answer = server.post(asking.body(texts), asking.path)
    scores = asking.scores(answer.json, predictor.label_names)

    given = [[by_label[name] for name in predictor.label_names] for by_label in scores]
    np.testing.assert_allclose(given, predictor.predict_proba(texts), atol=1e-6, rtol=0)


@pytest.mark.parametrize("protocol", ASKING)
def test_an_answer_has_the_times_of_the_queue_and_an_id_that_the_log_has(
    open_to_all: Running, protocol: str
) -> None:
    asking, sent_id = ASKING[protocol], f"id-{list(ASKING).index(protocol)}"

    answer = open_to_all.post(asking.body(TEXTS[:2]), asking.path, x_request_id=sent_id)

    def lines() -> list[dict[str, Any]]:
        return [line for line in open_to_all.logged() if line.get("request_id") == sent_id]

    assert {"x-queue-time", "x-inference-time", "x-truncated-texts"} <= answer.headers.keys()
    assert eventually(lambda: len(lines()) == 1)
    [line] = lines()
    assert (line["path"], line["texts"], line["status"]) == (asking.path, 2, 200)


@pytest.fixture(scope="module")
def open_to_all() -> Iterator[Running]:
    """A server without a key."""
    with running(protocols=["all"], model_name=MODEL) as server:
        yield server


@pytest.fixture(scope="module")
def strict() -> Iterator[Running]:
    """A server with a key and low limits."""
    limits = {"texts": 3, "characters": 50, "body_bytes": 2000}
    with running(protocols=["all"], model_name=MODEL, keys=["a-key"], **limits) as server:
        yield server


@pytest.fixture(scope="module")
def narrow() -> Iterator[Running]:
    """A server whose queue has one place."""
    with running(protocols=["all"], model_name=MODEL, queued_texts=1) as server:
        yield server


@pytest.mark.parametrize("protocol", ASKING)
def test_requests_need_the_key_if_there_is_one(strict: Running, protocol: str) -> None:
    asking = ASKING[protocol]

    refused = strict.post(asking.body(["so happy"]), asking.path)
    answered = strict.post(asking.body(["so happy"]), asking.path, authorization="Bearer a-key")

    assert (refused.status, answered.status) == (401, 200)


@pytest.mark.parametrize("texts", [["a"] * 4, ["a" * 51], ["a" * 2000]], ids=["texts", "characters", "bytes"])
@pytest.mark.parametrize("protocol", ASKING)
def test_the_limits_are_those_of_every_endpoint(strict: Running, protocol: str, texts: list[str]) -> None:
    asking = ASKING[protocol]

    assert strict.post(asking.body(texts), asking.path, authorization="Bearer a-key").status == 413


@pytest.mark.parametrize("protocol", ASKING)
def test_a_full_queue_refuses_at_once(narrow: Running, protocol: str) -> None:
    asking = ASKING[protocol]
    with narrow.predictor.held():
        waiting, _ = narrow.later({"inputs": "so happy"})
        assert narrow.predictor.entered.wait(10)
        refused = narrow.post(asking.body(["so happy"]), asking.path)
        narrow.predictor.open.set()
        waiting.join()

    assert refused.status == 429
    assert "retry-after" in refused.headers


@pytest.mark.parametrize("protocol", ASKING)
def test_a_text_on_which_the_model_fails_is_answered_with_500_and_no_more(
    narrow: Running, protocol: str
) -> None:
    asking = ASKING[protocol]

    failed = narrow.post(asking.body(["break the model"]), asking.path)
    answered = narrow.post(asking.body(["so happy"]), asking.path)

    assert (failed.status, answered.status) == (500, 200)
    assert b"no answer to" not in failed.body


def test_the_description_has_every_path_and_its_schemas() -> None:
    with running(protocols=["all"], model_name=MODEL) as server:
        document = server.ask("GET", "/openapi.json").json

    posts = {path for path, methods in document["paths"].items() if "post" in methods}
    assert posts == {asking.path for asking in ASKING.values()} | {
        *("/labels", "/explain", f"/v1/models/{MODEL}:explain")
    }
    written = str(document)
    referred = {part.split("'")[0] for part in written.split("#/components/schemas/")[1:]}
    assert referred <= document["components"]["schemas"].keys()
    for path in posts:
        content = document["paths"][path]["post"]["requestBody"]["content"]
        assert all(kind["schema"] for kind in content.values())
