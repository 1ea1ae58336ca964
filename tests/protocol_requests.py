"""How clients of each protocol ask for the probabilities of texts, and where the answer has them.

A text is a string, or a pair for a classifier of pairs. Nothing here knows the server.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from textune.formats.text_pairs import AnyText, text_fields

MODEL = "tiny-model"
"""What the servers of these tests call their model."""

Scores = list[dict[str, float]]


@dataclass(frozen=True)
class Asking:
    """How a protocol asks: its path, its body for texts, and the scores by label in its answer.

    `scores` gets the names of the labels in their order, which some answers do not repeat.
    """

    path: str
    body: Callable[[Sequence[AnyText]], Any]
    scores: Callable[[Any, Sequence[str]], Scores]


def instance(text: AnyText) -> Any:
    return text if isinstance(text, str) else text_fields(text)


def instances(texts: Sequence[AnyText]) -> list[Any]:
    return list(map(instance, texts))


def columns(texts: Sequence[AnyText]) -> dict[str, list[str]]:
    """Return texts as columns."""
    fields = [text_fields(text) for text in texts]
    return {name: [each[name] for each in fields] for name in fields[0]}


def tensors(texts: Sequence[AnyText]) -> dict[str, Any]:
    """Return the request of the Open Inference Protocol."""
    inputs = [
        {"name": name, "shape": [len(values)], "datatype": "BYTES", "data": values}
        for name, values in columns(texts).items()
    ]
    return {"inputs": inputs}


def split(texts: Sequence[AnyText]) -> dict[str, Any]:
    named = columns(texts)
    rows = [list(row) for row in zip(*named.values(), strict=True)]
    return {"dataframe_split": {"columns": list(named), "data": rows}}


def of_lists(answer: Any, names: Sequence[str]) -> Scores:
    return [{entry["label"]: entry["score"] for entry in scores if entry["label"]} for scores in answer]


def of_predictions(answer: Any, names: Sequence[str]) -> Scores:
    return [each["scores"] for each in answer["predictions"]]


def of_records(answer: Any, names: Sequence[str]) -> Scores:
    return [{name: record[f"score_{name}"] for name in names} for record in answer["predictions"]]


def of_classes(answer: Any, names: Sequence[str]) -> Scores:
    return [dict(zip(names, each["probs"], strict=True)) for each in answer["data"]]


def of_tensor(answer: Any, names: Sequence[str]) -> Scores:
    [tensor] = [output for output in answer["outputs"] if output["name"] == "probabilities"]
    rows, width = tensor["shape"]
    data = tensor["data"]
    return [dict(zip(names, data[row * width : (row + 1) * width], strict=True)) for row in range(rows)]


ASKING = {
    "hf": Asking("/", lambda texts: {"inputs": instances(texts)}, of_lists),
    "tei": Asking("/predict", lambda texts: {"inputs": instances(texts)}, of_lists),
    "oip": Asking(f"/v2/models/{MODEL}/infer", tensors, of_tensor),
    "oip with a version": Asking(f"/v2/models/{MODEL}/versions/1/infer", tensors, of_tensor),
    "kserve": Asking(
        f"/v1/models/{MODEL}:predict", lambda texts: {"instances": instances(texts)}, of_predictions
    ),
    "vllm": Asking("/classify", lambda texts: {"input": instances(texts)}, of_classes),
    "vllm's second path": Asking("/v1/classify", lambda texts: {"input": instances(texts)}, of_classes),
    "vertex": Asking("/vertex", lambda texts: {"instances": instances(texts)}, of_predictions),
    "sagemaker": Asking("/invocations", lambda texts: {"inputs": instances(texts)}, of_lists),
    "mlflow's split": Asking("/invocations", split, of_records),
    "mlflow's records": Asking(
        "/invocations", lambda texts: {"dataframe_records": list(map(text_fields, texts))}, of_records
    ),
    "mlflow's instances": Asking(
        "/invocations", lambda texts: {"instances": list(map(text_fields, texts))}, of_records
    ),
}
"""How each protocol asks of a server that speaks all of them."""

PATHS = sorted({asking.path for asking in ASKING.values()} | {"/labels", "/explain"})
