"""What a training on the folder of a labelling is by default."""

from __future__ import annotations

from pathlib import Path

import pytest

from textune.files import write_json
from textune.labelling.answer_log import AnswerLog
from textune.labelling.asking import start_event
from textune.labelling.pool import Pool, key_of, write_pool
from textune.labelling.training_choice import fill_in


def labelled_folder(folder: Path, per_class: int, *, multi: bool = False) -> Path:
    log = AnswerLog(folder)
    log.append({**start_event(["joy", "anger"], is_multi=multi, seed=0), "id": "start"})
    texts = [f"text {number}" for number in range(2 * per_class)]
    log.append_all(
        [
            {
                "event": "answer",
                "key": key_of(text),
                "text": text,
                "labels": [["joy", "anger"][number % 2]],
                "purpose": "train",
                "who": "",
            }
            for number, text in enumerate(texts)
        ]
    )
    write_pool(Pool.of(texts, seed=0), folder)
    write_json(folder / "labelling.json", {"model": "embedded:minilm", "settings": []})
    return folder


@pytest.mark.parametrize(("per_class", "recipe"), [(8, "few"), (64, "few"), (65, "full")])
def test_the_number_of_labels_decides_the_recipe(tmp_path: Path, per_class: int, recipe: str) -> None:
    folder = labelled_folder(tmp_path / "labels", per_class)

    assert fill_in(None, None, str(folder)) == (recipe, "embedded:minilm")


def test_few_labels_of_several_per_text_train_the_head_alone(tmp_path: Path) -> None:
    folder = labelled_folder(tmp_path / "labels", 8, multi=True)

    assert fill_in(None, None, folder)[0] == "frozen"


def test_what_is_named_stays(tmp_path: Path) -> None:
    folder = labelled_folder(tmp_path / "labels", 8)

    assert fill_in("best", "embedded:mpnet", str(folder)) == ("best", "embedded:mpnet")


@pytest.mark.parametrize("data", ["sample:emotion", None, (["a"], ["b"])])
def test_other_data_have_the_usual_recipe(data: object) -> None:
    assert fill_in(None, None, data) == ("frozen", None)
