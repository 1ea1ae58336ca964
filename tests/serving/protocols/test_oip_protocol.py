"""The Open Inference Protocol: what is taken, what is given, and what is refused."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from protocol_requests import MODEL
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

INFER = f"/v2/models/{MODEL}/infer"


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running(protocols=["oip"], model_name=MODEL) as server:
        yield server


def tensor(texts: Any, **changes: Any) -> dict[str, Any]:
    return {"name": "text", "shape": [len(texts)], "datatype": "BYTES", "data": texts} | changes


def request(*tensors: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"inputs": list(tensors), **more}


def outputs(answer: Answer) -> dict[str, list[Any]]:
    assert answer.status == 200, answer.body
    return {output["name"]: output["data"] for output in answer.json["outputs"]}


def packed(*texts: str) -> bytes:
    """Return strings as bytes of a tensor."""
    return b"".join(struct.pack("<I", len(text.encode())) + text.encode() for text in texts)


def ask_binary(server: Running, document: Any, data: bytes) -> Answer:
    head = json.dumps(document).encode()
    return server.ask(
        "POST",
        INFER,
        body=head + data,
        inference_header_content_length=f"{len(head)}",
        content_type="application/octet-stream",
    )


def test_all_outputs_are_given_unless_some_are_named(server: Running) -> None:
    answer = server.post(request(tensor(["so happy", "so sad"]), id="42"), INFER)

    given = outputs(answer)
    expected = [*probabilities_of("so happy").values(), *probabilities_of("so sad").values()]
    assert given["probabilities"] == pytest.approx(expected)
    assert given["label"] == [
        max(LABELS, key=probabilities_of(text).__getitem__) for text in ("so happy", "so sad")
    ]
    assert (given["withheld"], given["label_names"]) == (["", ""], list(LABELS))
    assert (answer.json["id"], answer.json["model_name"], answer.json["model_version"]) == ("42", MODEL, "1")


def test_named_outputs_come_alone_and_in_their_order(server: Running) -> None:
    wanted = [{"name": "label"}, {"name": "probabilities"}]

    answer = server.post(request(tensor(["so happy"]), outputs=wanted), INFER).json

    assert [(output["name"], output["datatype"], output["shape"]) for output in answer["outputs"]] == [
        ("label", "BYTES", [1]),
        ("probabilities", "FP32", [1, 3]),
    ]


@pytest.mark.parametrize(
    "changes",
    [{"shape": [2, 1]}, {"data": [["so happy"], ["so sad"]], "shape": [2, 1]}, {"name": "TEXT"}],
    ids=["in a column", "nested", "by another name"],
)
def test_texts_may_be_written_in_several_ways(server: Running, changes: Any) -> None:
    given = outputs(server.post(request(tensor(["so happy", "so sad"], **changes)), INFER))

    assert given["probabilities"][:3] == pytest.approx(list(probabilities_of("so happy").values()))


def test_texts_may_follow_the_json_as_bytes(server: Running) -> None:
    data = packed("so happy", "ünïcode 👍")
    texts = tensor([], shape=[2], parameters={"binary_data_size": len(data)})
    del texts["data"]

    given = outputs(ask_binary(server, request(texts), data))

    assert given["probabilities"][3:] == pytest.approx(list(probabilities_of("ünïcode 👍").values()))


def test_outputs_may_follow_the_json_as_bytes(server: Running) -> None:
    answer = server.post(
        request(
            tensor(["so happy"]),
            outputs=[{"name": "probabilities"}, {"name": "label", "parameters": {"binary_data": False}}],
            parameters={"binary_data_output": True},
        ),
        INFER,
    )

    length = int(answer.headers["inference-header-content-length"])
    [numbers, label] = json.loads(answer.body[:length])["outputs"]
    assert numbers["parameters"] == {"binary_data_size": 12}
    given = np.frombuffer(answer.body[length:], "<f4")
    np.testing.assert_allclose(given, list(probabilities_of("so happy").values()), atol=1e-6)
    assert label["data"] == [max(LABELS, key=probabilities_of("so happy").__getitem__)]


def test_strings_that_follow_the_json_have_their_lengths(server: Running) -> None:
    wanted = [{"name": "label_names", "parameters": {"binary_data": True}}]

    answer = server.post(request(tensor(["so happy"]), outputs=wanted), INFER)

    assert answer.body.endswith(packed(*LABELS))


def test_probabilities_may_be_wanted_as_a_classification_as_triton_has_it(server: Running) -> None:
    wanted = [{"name": "probabilities", "parameters": {"classification": 2}}]

    [output] = server.post(request(tensor(["so happy"]), outputs=wanted), INFER).json["outputs"]

    first, second = sorted(probabilities_of("so happy").items(), key=lambda entry: -entry[1])[:2]
    assert output["shape"] == [1, 2]
    assert [entry.split(":")[1:] for entry in output["data"]] == [
        [str(LABELS.index(name)), name] for name, _ in (first, second)
    ]
    assert [float(entry.split(":")[0]) for entry in output["data"]] == pytest.approx([first[1], second[1]])


def test_a_label_that_is_withheld_is_empty_and_its_reason_is_given() -> None:
    outside = OutsideThreshold("", "max_logit", 99)
    with (
        running(predictor=WordPredictor(threshold=1.1), protocols=["oip"], model_name=MODEL) as abstaining,
        running(predictor=WordPredictor(outside=outside), protocols=["oip"], model_name=MODEL) as telling,
    ):
        given = [outputs(each.post(request(tensor(["so happy"])), INFER)) for each in (abstaining, telling)]

    assert [each["label"] for each in given] == [[""], [""]]
    assert [each["withheld"] for each in given] == [["abstained"], ["other"]]


def test_several_labels_are_given_as_truth_values() -> None:
    predictor = WordPredictor(thresholds=(0.3, 0.5, 0.6))
    with running(predictor=predictor, protocols=["oip"], model_name=MODEL) as server:
        given = outputs(server.post(request(tensor(["so happy"])), INFER))

    expected = independent_probabilities_of("so happy")
    assert given["probabilities"] == pytest.approx(list(expected.values()))
    assert given["given"] == [
        bool(score >= least) for score, least in zip(expected.values(), (0.3, 0.5, 0.6), strict=True)
    ]
    assert "label" not in given


def test_pairs_are_two_inputs_whatever_their_order() -> None:
    seconds = tensor(["how sad"], name="text_pair")
    with running(predictor=WordPredictor(pairs=True), protocols=["oip"], model_name=MODEL) as server:
        given = outputs(server.post(request(seconds, tensor(["so happy"])), INFER))
        refused = [
            server.post(request(*tensors), INFER)
            for tensors in ([tensor(["so happy"])], [seconds, tensor(["a", "b"])], [seconds, seconds])
        ]
        inputs = server.ask("GET", f"/v2/models/{MODEL}").json["inputs"]

    expected = probabilities_of(TextPair("so happy", "how sad"))
    assert given["probabilities"] == pytest.approx(list(expected.values()))
    assert [answer.status for answer in refused] == [400, 400, 400]
    assert [each["name"] for each in inputs] == ["text", "text_pair"]


def test_the_model_the_server_and_their_state_are_described(server: Running) -> None:
    base = f"/v2/models/{MODEL}"
    model = server.ask("GET", f"{base}/versions/1").json

    assert server.ask("GET", "/v2").json["extensions"] == ["binary_tensor_data", "classification"]
    assert server.ask("GET", "/v2/health/live").json == {"live": True}
    assert server.ask("GET", "/v2/health/ready").json == {"ready": True}
    assert server.ask("GET", f"{base}/ready").json == {"name": MODEL, "ready": True}
    assert server.ask("GET", "/v2/models").json == {"models": [MODEL]}
    assert model["inputs"] == [{"name": "text", "datatype": "BYTES", "shape": [-1]}]
    assert model["outputs"][0] == {
        "name": "probabilities", "datatype": "FP32", "shape": [-1, 3], "labels": list(LABELS)
    }  # fmt: skip


WRONG: dict[str, Any] = {
    "no inputs": {"inputs": []},
    "another datatype": request(tensor(["a"], datatype="FP32")),
    "a shape of more": request(tensor(["a"], shape=[2])),
    "a wide shape": request(tensor(["a", "b"], shape=[1, 2])),
    "a negative shape": request(tensor(["a"], shape=[-1, -1])),
    "no shape": request(tensor(["a"], shape=[])),
    "no texts": request(tensor([])),
    "numbers": request(tensor([1])),
    "texts and numbers": request(tensor(["a", 1])),
    "neither data nor bytes": request({"name": "text", "shape": [1], "datatype": "BYTES"}),
    "data and bytes": request(tensor(["a"], parameters={"binary_data_size": 5})),
    "shared memory": request(tensor(["a"], parameters={"shared_memory_region": "x"})),
    "base64": request(tensor(["a"], parameters={"content_type": "base64"})),
    "two inputs": request(tensor(["a"]), tensor(["b"], name="other")),
    "the same output twice": request(tensor(["a"]), outputs=[{"name": "label"}] * 2),
    "an unknown output": request(tensor(["a"]), outputs=[{"name": "logits"}]),
    "a classification of labels": request(
        tensor(["a"]), outputs=[{"name": "label", "parameters": {"classification": 1}}]
    ),
    "an empty text": request(tensor([" "])),
    "a blank shape": request(tensor(["a"], shape="1")),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_a_wrong_request_is_refused_with_400_in_the_form_of_the_protocol(server: Running, wrong: Any) -> None:
    answer = server.post(wrong, INFER)

    assert answer.status == 400
    assert answer.json.keys() == {"error"}


@pytest.mark.parametrize(
    ("size", "data"),
    [
        (5, packed("a")[:-1]),
        (5, packed("a") + b"more"),
        (3, b"\1\0\0"),
        (5, b"\xff\0\0\0a"),
        (5, b"\1\0\0\0\xff"),
        (True, packed("a")),
        (-1, packed("a")),
    ],
    ids=["too short", "too long", "no length", "a wrong length", "no UTF-8", "no number", "negative"],
)
def test_wrong_bytes_are_refused(server: Running, size: Any, data: bytes) -> None:
    texts = {"name": "text", "shape": [1], "datatype": "BYTES", "parameters": {"binary_data_size": size}}

    assert ask_binary(server, request(texts), data).status == 400


@pytest.mark.parametrize("length", ["99999", "-1", "x", "", "9" * 30])
def test_a_wrong_length_of_the_json_is_refused(server: Running, length: str) -> None:
    answer = server.ask("POST", INFER, request(tensor(["a"])), inference_header_content_length=length)

    assert answer.status == 400


def test_a_compressed_body_is_refused(server: Running) -> None:
    answer = server.ask("POST", INFER, body=b"\x1f\x8b\x08", content_encoding="gzip")

    assert (answer.status, answer.json) == (
        400,
        {"error": "Content-Encoding: Compressed bodies are not read."},
    )


@pytest.mark.parametrize("path", ["/v2/models/other/infer", f"/v2/models/{MODEL}/versions/2/infer"])
def test_another_model_or_version_is_not_found(server: Running, path: str) -> None:
    answer = server.post(request(tensor(["a"])), path)

    assert answer.status == 404
    assert answer.json["error"].endswith(f"The model's name is '{MODEL}'.")
