"""A protocol is one file: a toy one lies in the folder of protocols, and a server speaks it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from protocol_requests import ASKING, MODEL
from serving_stand_in import probabilities_of, running
from textune.errors import RequestError
from textune.serving.protocols import registry
from textune.serving.protocols.registry import check_protocols, choose_port, find_protocols, protocol_names
from toy_files import toy_file

TOY = '''
from pydantic import BaseModel
from starlette.responses import PlainTextResponse

from textune.serving.protocols.registry import ClientProtocol, register_protocol
from textune.serving.request_texts import texts_of


class ToyRequest(BaseModel):
    say: str


def add(endpoints, service):
    bodies = {"application/json": ToyRequest}

    @endpoints.question("/toy", bodies=bodies, gives=dict[str, float], errors=ToyRequest)
    async def toy(asked):
        """Classify in the toy's protocol."""
        [text] = texts_of(asked.read(ToyRequest).say, service.limits, place="say")
        logits, _ = await asked.logits([text])
        [row] = service.served.predictor.kind.probabilities(logits).tolist()
        return dict(zip(service.served.predictor.label_names, row))


def refuse(refusal):
    return PlainTextResponse("no", status_code=418)


register_protocol(ClientProtocol("toy", "toys", add=add, refuse=refuse, port=lambda environment: 4321))
'''


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """The toy is one of the protocols for the length of the test."""
    find_protocols([])
    monkeypatch.setattr(registry, "_PROTOCOLS", dict(registry._PROTOCOLS))
    with toy_file("textune.serving.protocols", "toy_protocol", TOY, tmp_path / "more_protocols"):
        yield


def test_a_server_speaks_the_protocol_of_a_file_that_is_added(toy: None) -> None:
    with running(protocols=["toy"]) as server:
        answer = server.post({"say": "so happy"}, "/toy")
        document = server.ask("GET", "/openapi.json").json

    assert answer.json == pytest.approx(probabilities_of("so happy"))
    assert "x-queue-time" in answer.headers
    assert document["components"]["schemas"]["ToyRequest"]["properties"].keys() == {"say"}


def test_refusals_there_have_the_form_of_the_file(toy: None) -> None:
    with running(protocols=["toy"], keys=["a-key"]) as server:
        refused = server.post({"say": "so happy"}, "/toy")

    assert (refused.status, refused.body) == (418, b"no")


def test_it_is_among_the_names_and_its_port_is_used(toy: None) -> None:
    assert "toy" in protocol_names()
    assert choose_port(None, ["toy"], usual=8000) == 4321
    assert choose_port(7, ["toy"], usual=8000) == 7


def test_a_protocol_that_is_not_switched_on_is_not_there() -> None:
    with running(protocols=["vllm"], model_name=MODEL) as server:
        statuses = {name: server.post({}, asking.path).status for name, asking in ASKING.items()}

    assert {name for name, status in statuses.items() if status != 404} == {
        *("hf", "tei", "vllm", "vllm's second path")
    }


def test_an_unknown_name_is_refused_with_the_names_that_there_are() -> None:
    with pytest.raises(RequestError, match="There is no protocol 'grpc'.") as refused:
        check_protocols(["oip", "grpc"])

    assert str(refused.value).endswith(
        "The protocols are: hf, kserve, mlflow, oip, sagemaker, tei, vertex, vllm. Separate them by commas; "
        "'all' stands for all."
    )


def test_all_stands_for_all() -> None:
    assert list(check_protocols(["all"])) == protocol_names()


def test_without_a_protocol_that_asks_for_a_port_the_usual_one_is_used() -> None:
    assert choose_port(None, ["oip", "vllm"], usual=8000) == 8000
