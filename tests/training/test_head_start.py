"""Where the head begins when the encoder is trained."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import textune
from small_data import small_rows

# At this rate, the training itself leaves the weights as they are.
STILL = (
    "train.learning_rate=1e-12",
    "train.num_train_epochs=1",
    "evaluate.baselines=false",
    "evaluate.bootstrap_samples=100",
)
ROWS = small_rows(150)

Train = Callable[..., "textune.TrainResult"]


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files with few classes, with 21 of them, and with several labels per text."""
    folder = tmp_path_factory.mktemp("sources")
    paths = {}
    for name in ("few", "many", "several"):
        rows = []
        for index, (text, label) in enumerate(ROWS):
            labels = {
                "few": label,
                "many": f"class {index % 21}",
                "several": [label, "third"][: 1 + (not index % 3)],
            }
            rows.append(json.dumps({"text": text, "label": labels[name]}) + "\n")
        paths[name] = folder / f"{name}.jsonl"
        paths[name].write_text("".join(rows), encoding="utf-8")
    return paths


@pytest.fixture(scope="module")
def train(tiny_distilbert: str, sources: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Train:
    def train_from(start: str, source: str, *settings: str) -> textune.TrainResult:
        return textune.train(
            "full",
            model=tiny_distilbert,
            data=str(sources[source]),
            out=tmp_path_factory.mktemp("runs") / "run",
            settings=[*STILL, f"train.head_start={start}", *settings],
        )

    return train_from


def last_layer(result: textune.TrainResult) -> torch.Tensor:
    return load_file(result.run / "model" / "model.safetensors")["classifier.weight"]


@pytest.mark.parametrize("head", ["stock", "linear"])
def test_a_fitted_head_classifies_before_the_encoder_has_learned(train: Train, head: str) -> None:
    fitted, random = (
        train(start, "few", f"model.head={head}").document["metrics"]["train"]["log_loss"]
        for start in ("fitted", "random")
    )

    assert fitted < random - 0.1


@pytest.mark.parametrize(("source", "start"), [("few", "random"), ("many", "fitted"), ("several", "fitted")])
def test_only_many_classes_or_several_labels_have_the_head_fitted_first(
    train: Train, source: str, start: str
) -> None:
    assert last_layer(train("auto", source)).equal(last_layer(train(start, source)))
