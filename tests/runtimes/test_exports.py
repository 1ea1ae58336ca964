"""Opening an export: what it says of itself, and what is wrong with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from textune.errors import ExportError
from textune.runtimes.exports import Speed, check_export, export_command, is_export, read_export
from tiny_exports import fake_export
from tiny_models import change_json


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return fake_export(tmp_path / "run" / "exports" / "onnx", model="abc")


def test_an_export_says_what_reading_texts_needs(place: Path) -> None:
    export = read_export(place)

    assert export.description.name == "onnx"
    assert export.description.label_names == ("anger", "joy")
    assert (export.description.max_length, export.description.padding_id) == (16, 0)
    assert export.graph == place / "graph.onnx"


def test_an_export_says_how_fast_it_and_its_model_were(place: Path) -> None:
    export = read_export(place)

    assert export.speed("export").texts_per_second == 1000
    assert export.speed("model").load_seconds == 3


def test_one_text_takes_loading_and_its_latency() -> None:
    assert Speed(load_seconds=0.5, latency_ms=20, texts_per_second=100).seconds(1) == pytest.approx(0.52)


def test_many_texts_take_what_the_rate_says() -> None:
    assert Speed(load_seconds=0.5, latency_ms=20, texts_per_second=100).seconds(1001) == pytest.approx(10.52)


def test_a_whole_export_of_the_right_model_is_accepted(place: Path) -> None:
    check_export(read_export(place), model="abc")


def test_an_export_alone_is_accepted_without_its_run(place: Path) -> None:
    check_export(read_export(place))


def test_an_export_of_another_model_is_refused_with_the_command_that_makes_it_again(place: Path) -> None:
    with pytest.raises(ExportError, match="not made from this run's model") as caught:
        check_export(read_export(place), model="abd")

    assert f"textune export {place.parent.parent} --runtime onnx" in caught.value.hint


@pytest.mark.parametrize(
    ("contents", "finding"),
    [(b"another!", "has changed"), (b"short", "has 5 bytes instead of 8"), (None, "is missing")],
)
def test_a_damaged_graph_is_refused(place: Path, contents: bytes | None, finding: str) -> None:
    graph = place / "graph.onnx"
    graph.unlink() if contents is None else graph.write_bytes(contents)

    with pytest.raises(ExportError, match=f"damaged: graph.onnx.*{finding}"):
        check_export(read_export(place))


def test_a_folder_without_an_export_is_none(tmp_path: Path) -> None:
    assert not is_export(tmp_path)
    with pytest.raises(ExportError, match="no export at"):
        read_export(tmp_path)


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("export.json", {"labels": ["joy"]}),
        ("export.json", {"labels": [1, 2]}),
        ("export.json", {"runtime": "tensorrt"}),
        ("export.json", {"temperature": "warm"}),
        ("export.json", {"temperature": 0}),
        ("export.json", {"max_length": 0}),
        ("export.json", {"unknown": 1}),
        ("manifest.json", {"speeds": {}}),
        ("manifest.json", {"files": None}),
    ],
)
def test_what_makes_no_sense_is_damage(place: Path, name: str, changes: dict[str, object]) -> None:
    change_json(place / name, **changes)

    with pytest.raises(ExportError, match="is damaged: its JSON files are not valid"):
        read_export(place)


@pytest.mark.parametrize("name", ["export.json", "manifest.json"])
@pytest.mark.parametrize("contents", ["", "[1]", "{", "null"])
def test_what_is_not_a_json_object_is_damage(place: Path, name: str, contents: str) -> None:
    (place / name).write_text(contents)

    with pytest.raises(ExportError, match="is damaged"):
        read_export(place)


def test_an_export_without_a_manifest_is_damaged(place: Path) -> None:
    (place / "manifest.json").unlink()

    with pytest.raises(ExportError, match="is damaged"):
        read_export(place)


def test_a_later_format_is_reported(place: Path) -> None:
    change_json(place / "export.json", format=2)

    with pytest.raises(ExportError, match="another version of textune"):
        read_export(place)


def test_export_json_is_all_there_is_to_read(place: Path) -> None:
    assert json.loads((place / "export.json").read_text(encoding="utf-8")) == {
        "format": 1,
        "runtime": "onnx",
        "precision": "fp32",
        "labels": ["anger", "joy"],
        "temperature": 1.0,
        "max_length": 16,
        "padding_id": 0,
        "whole_bytes": False,
        "emoji": "keep",
        "problem_type": "single_label_classification",
        "pairs": False,
        "segments": False,
    }


def test_the_command_for_an_export_has_its_precision() -> None:
    assert export_command(Path("my run"), "onnx-int8") == "textune export 'my run' --runtime onnx --int8"
