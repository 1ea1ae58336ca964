"""What the Open Inference Protocol gives out of a classifier: its outputs, and how they are described.

A classifier of one label has `label` and `withheld`, one of several `given`; the meaning of a column of
`probabilities` and `given` is in `label_names`. BYTES have no null: a label that is withheld is empty.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NotRequired

import numpy as np
from numpy.typing import NDArray
from typing_extensions import TypedDict

from textune.formats.text_pairs import fields_of_texts
from textune.runtimes.predictor import Predictor
from textune.serving.protocols.oip_tensors import Tensor
from textune.serving.service import Service

VERSION = "1"
"""The version of a server's only model."""

_WITHHELD = ("abstained", "other")


class TensorDescription(TypedDict):
    """An input or an output."""

    name: str
    datatype: str
    shape: list[int]
    labels: NotRequired[list[str]]


class ModelDescription(TypedDict):
    """A model's inputs and outputs; -1 is any number of texts."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorDescription]
    outputs: list[TensorDescription]


def describe_model(service: Service) -> ModelDescription:
    """Return the inputs and outputs of a server's model."""
    predictor = service.served.predictor
    names, count = list(predictor.label_names), len(predictor.label_names)
    outputs: list[TensorDescription] = [
        {"name": "probabilities", "datatype": "FP32", "shape": [-1, count], "labels": names}
    ]
    if predictor.kind.is_multi_label:
        outputs.append({"name": "given", "datatype": "BOOL", "shape": [-1, count], "labels": names})
    else:
        outputs.append({"name": "label", "datatype": "BYTES", "shape": [-1]})
        outputs.append({"name": "withheld", "datatype": "BYTES", "shape": [-1]})
    outputs.append({"name": "label_names", "datatype": "BYTES", "shape": [count]})
    return {
        "name": service.model_name,
        "versions": [VERSION],
        "platform": f"textune_{service.served.runtime}",
        "inputs": [
            {"name": name, "datatype": "BYTES", "shape": [-1]}
            for name in fields_of_texts(pairs=predictor.pairs)
        ],
        "outputs": outputs,
    }


Decided = tuple[NDArray[np.float32], list[Mapping[str, Any]]]
"""The probabilities (texts, classes), and what has been decided of each text."""


def _probabilities(predictor: Predictor, rows: Decided) -> Tensor:
    return Tensor("probabilities", "FP32", rows[0].shape, rows[0])


def _label_names(predictor: Predictor, rows: Decided) -> Tensor:
    return Tensor("label_names", "BYTES", (len(predictor.label_names),), predictor.label_names)


def _label(predictor: Predictor, rows: Decided) -> Tensor:
    return Tensor("label", "BYTES", (len(rows[1]),), [row["label"] or "" for row in rows[1]])


def _withheld(predictor: Predictor, rows: Decided) -> Tensor:
    why = [next((name for name in _WITHHELD if row.get(name)), "") for row in rows[1]]
    return Tensor("withheld", "BYTES", (len(why),), why)


def _given(predictor: Predictor, rows: Decided) -> Tensor:
    given = [[name in row["labels"] for name in predictor.label_names] for row in rows[1]]
    return Tensor("given", "BOOL", rows[0].shape, np.array(given, dtype=bool))


OUTPUTS: Mapping[str, Callable[[Predictor, Decided], Tensor]] = {
    "probabilities": _probabilities,
    "label": _label,
    "withheld": _withheld,
    "given": _given,
    "label_names": _label_names,
}
"""What makes each output."""


def most_probable(tensor: Tensor, count: int, label_names: tuple[str, ...]) -> Tensor:
    """Return what Triton's extension `classification` does: the highest values, as value:index:label."""
    count = min(count, len(label_names))
    orders = np.argsort(-np.asarray(tensor.values), axis=1, kind="stable")[:, :count]
    strings = [
        f"{row[index]}:{index}:{label_names[index]}"
        for row, order in zip(tensor.values, orders.tolist(), strict=True)
        for index in order
    ]
    return Tensor(tensor.name, "BYTES", (len(orders), count), strings)
