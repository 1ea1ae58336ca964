"""Where the head begins when the encoder is trained."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from safetensors.torch import load_file

import textune
from observers import Notes
from small_data import small_rows

# At this rate, the training itself leaves the weights as they are.
STILL = (
    "train.learning_rate=1e-12",
    "train.num_train_epochs=1",
    "evaluate.baselines=false",
    "evaluate.bootstrap_samples=100",
)
ROWS = small_rows(150)

Train = Callable[..., Any]


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
    head = result.run / "model" / "head.safetensors"
    if head.exists():
        return load_file(head)["output.weight"]
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


class TestNamesOfLabels:
    """`head_start = "label_names"` draws the head towards names that say what texts are about."""

    NAMES: ClassVar = {"joy": "joy", "sadness": "sadness", "anger": "anger"}

    @pytest.fixture
    def start(self, tmp_path: Path) -> Train:
        def train_from(
            start: str, names: dict[str, str], rows: int = 24, model: str = "embedded:minilm"
        ) -> tuple[float, torch.Tensor, str]:
            """Return test's log loss with the head as it starts, its weights, and the note on names."""
            runs = tmp_path / f"{start} {len(list(tmp_path.iterdir()))}"
            notes = Notes()
            data = {
                split: [{"text": text, "label": names[label]} for text, label in small_rows(count, seed=seed)]
                for seed, (split, count) in enumerate({"train": rows, "validation": 12, "test": 60}.items())
            }
            result = textune.train(
                "full",
                model=model,
                data=data,
                out=runs,
                settings=[
                    *STILL,
                    f"train.head_start={start}",
                    "train.calibrate=false",
                    "model.head=linear",
                    "model.pooling=mean",
                ],
                observer=notes,
            )
            (note,) = [note for note in notes.notes if "names of the labels" in note.lower()] or [""]
            return result.document["metrics"]["test"]["log_loss"], last_layer(result), note

        return train_from

    def test_new_texts_are_told_apart_better(self, start: Train) -> None:
        with_names, _, note = start("label_names", self.NAMES)
        without, _, no_note = start("fitted", self.NAMES)

        assert with_names < without - 0.05
        assert "help to tell the texts apart" in note and not no_note

    def test_a_hundred_rows_per_label_need_no_names(self, start: Train, tiny_distilbert: str) -> None:
        _, with_names, note = start("label_names", self.NAMES, rows=300, model=tiny_distilbert)
        _, without, _ = start("fitted", self.NAMES, rows=300, model=tiny_distilbert)

        assert with_names.equal(without) and not note
