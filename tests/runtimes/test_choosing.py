"""Which runtime classifies, and what is said about it."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from textune.errors import ExportError, MissingExtraError, RequestError, RunError
from textune.run.layout import Run, model_sha256
from textune.run.lifecycle import complete_run, new_run
from textune.run.origin import Origin
from textune.runtimes import choosing
from textune.runtimes.choosing import choose
from textune.runtimes.processor import available_cores, processor_name
from textune.runtimes.registry import Runtime
from tiny_exports import fake_export
from tiny_models import change_json


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A complete run whose model is a file of no use."""
    with new_run(tmp_path / "run", recipe="", origin=Origin()) as run:
        run.model.mkdir()
        (run.model / "weights").write_bytes(b"weights")
        complete_run(run, {})
    return run


def add_export(
    run: Run, name: str, *, model: str = "", load_seconds: float = 0.1, rate: float = 1000.0
) -> Path:
    return fake_export(
        run.path / "exports" / name,
        name=name,
        model=model or model_sha256(run),
        load_seconds=load_seconds,
        rate=rate,
    )


def test_a_run_without_exports_is_torchs_and_nothing_is_said(run: Run) -> None:
    choice = choose(run.path)

    assert (choice.runtime, choice.export, choice.model, choice.notes) == ("torch", None, run.model, ())


def test_one_text_goes_to_what_is_ready_first(run: Run) -> None:
    add_export(run, "onnx", load_seconds=0.1, rate=1000)
    add_export(run, "openvino", load_seconds=0.4, rate=3000)

    choice = choose(run.path, texts=1)

    assert choice.runtime == "onnx"
    assert choice.notes == ("Classifying with onnx, the fastest here for 1 text.",)


def test_many_texts_go_to_what_has_the_highest_rate(run: Run) -> None:
    add_export(run, "onnx", load_seconds=0.1, rate=1000)
    add_export(run, "openvino", load_seconds=0.4, rate=3000)

    choice = choose(run.path, texts=10_000)

    assert choice.runtime == "openvino"
    assert choice.notes == ("Classifying with openvino, the fastest here for 10,000 texts.",)


def test_an_unknown_number_of_texts_counts_as_many(run: Run) -> None:
    add_export(run, "onnx", load_seconds=0.1, rate=1000)
    add_export(run, "openvino", load_seconds=0.4, rate=3000)

    assert choose(run.path).runtime == "openvino"


def test_a_speed_that_another_processor_was_measured_at_is_said_to_be_from_there(run: Run) -> None:
    change_json(add_export(run, "onnx") / "manifest.json", processor="Abacus 9000", cores=available_cores())

    (note,) = choose(run.path, texts=1).notes

    assert note.startswith("Classifying with onnx, the fastest for 1 text as measured on Abacus 9000 (")
    assert note.endswith("), not on this machine.")


def test_a_speed_that_other_cores_were_measured_at_is_said_to_be_from_there(run: Run) -> None:
    place = add_export(run, "onnx", rate=50)
    change_json(place / "manifest.json", processor=processor_name(), cores=4096)

    (note,) = choose(run.path, texts=10_000).notes

    assert note.startswith("Classifying with torch, the fastest for 10,000 texts as measured on ")
    assert "(4096 cores), not on this machine" in note


def test_a_speed_that_a_machine_like_this_one_was_measured_at_counts_as_from_here(run: Run) -> None:
    place = add_export(run, "onnx")
    change_json(place / "manifest.json", processor=processor_name(), cores=available_cores())

    assert choose(run.path, texts=1).notes == ("Classifying with onnx, the fastest here for 1 text.",)


def test_an_export_that_is_slower_than_torch_is_left_alone(run: Run) -> None:
    add_export(run, "onnx", rate=50)

    choice = choose(run.path, texts=10_000)

    assert choice.runtime == "torch"
    assert choice.notes == ("Classifying with torch, the fastest here for 10,000 texts.",)


def test_one_text_does_not_wait_for_torch(run: Run) -> None:
    add_export(run, "onnx", load_seconds=1.5, rate=50)

    assert choose(run.path, texts=1).runtime == "onnx"


def test_what_differs_from_the_run_is_named_and_not_taken_unasked(run: Run) -> None:
    add_export(run, "onnx", rate=1000)
    add_export(run, "onnx-int8", rate=9000)

    choice = choose(run.path, texts=10_000)

    assert choice.runtime == "onnx"
    assert choice.notes[0].endswith("Used by name only: --runtime onnx-int8.")


def test_what_differs_from_the_run_is_taken_by_name(run: Run) -> None:
    add_export(run, "onnx")
    place = add_export(run, "onnx-int8")

    choice = choose(run.path, runtime="onnx-int8", texts=1)

    assert choice.export is not None
    assert choice.export.path == place
    assert choice.notes == ("Classifying with onnx-int8.",)


def test_torch_is_taken_by_name(run: Run) -> None:
    add_export(run, "onnx")

    assert choose(run.path, runtime="torch").export is None


def test_an_export_of_another_model_is_not_taken_and_that_is_said(run: Run) -> None:
    add_export(run, "onnx", model="another")

    choice = choose(run.path, texts=1)

    assert choice.runtime == "torch"
    assert "Not used: The export" in choice.notes[0]
    assert "not made from this run's model" in choice.notes[0]


def test_an_export_of_another_model_is_refused_by_name(run: Run) -> None:
    add_export(run, "onnx", model="another")

    with pytest.raises(ExportError, match="not made from this run's model"):
        choose(run.path, runtime="onnx")


def test_a_damaged_export_gives_way_to_the_next(run: Run) -> None:
    place = add_export(run, "onnx", rate=3000)
    add_export(run, "openvino", rate=1000)
    (place / "graph.onnx").write_bytes(b"damaged")

    choice = choose(run.path, texts=1)

    assert choice.runtime == "openvino"
    assert "is damaged" in choice.notes[0]


def test_an_unreadable_export_gives_way_to_torch(run: Run) -> None:
    (add_export(run, "onnx") / "manifest.json").write_text("{")

    choice = choose(run.path, texts=1)

    assert choice.runtime == "torch"
    assert "is damaged" in choice.notes[0]


def test_an_export_without_its_runtime_is_not_taken(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    add_export(run, "onnx")
    monkeypatch.setattr(Runtime, "is_installed", False)

    assert choose(run.path, texts=1).runtime == "torch"


def test_an_export_without_its_runtime_is_reported_with_the_line_that_installs_it(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_export(run, "onnx")
    monkeypatch.setattr(Runtime, "is_installed", False)

    assert choose(run.path, texts=1).notes == (
        "Not used: The export onnx needs the extra 'onnx', which is not installed. "
        "Install it with: pip install 'textune[onnx]'",
        "Classifying with torch.",
    )


def test_an_export_that_is_taken_by_name_only_asks_for_no_installation(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_export(run, "onnx-int8")
    monkeypatch.setattr(Runtime, "is_installed", False)

    assert choose(run.path, texts=1).notes == (
        "Classifying with torch. Used by name only: --runtime onnx-int8.",
    )


def test_a_faster_export_that_is_not_installed_is_reported_beside_the_one_that_is_taken(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_export(run, "onnx", rate=1000)
    add_export(run, "openvino", rate=9000)
    monkeypatch.setattr(Runtime, "is_installed", property(lambda runtime: runtime.name == "onnx"))

    choice = choose(run.path, texts=10_000)

    assert choice.runtime == "onnx"
    assert "pip install 'textune[openvino]'" in choice.notes[0]


def test_an_export_without_its_runtime_is_reported_by_name(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    add_export(run, "onnx")
    monkeypatch.setattr(Runtime, "is_installed", False)

    with pytest.raises(MissingExtraError, match=r"pip install 'textune\[onnx\]'"):
        choose(run.path, runtime="onnx")


def test_many_texts_go_to_torch_where_it_has_a_gpu(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    add_export(run, "onnx")
    monkeypatch.setattr(choosing, "_has_gpu", lambda: True)

    choice = choose(run.path, texts=10_000)

    assert (choice.runtime, choice.notes) == ("torch", ("Classifying with torch, on the GPU.",))


def test_one_text_does_not_wait_for_a_gpu(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    add_export(run, "onnx")
    monkeypatch.setattr(choosing, "_has_gpu", lambda: True)

    assert choose(run.path, texts=1).runtime == "onnx"


def test_an_export_can_be_used_without_its_run(tmp_path: Path) -> None:
    place = fake_export(tmp_path / "anywhere", name="onnx-int8")

    choice = choose(place)

    assert choice.export is not None
    assert (choice.runtime, choice.notes) == ("onnx-int8", ())


def test_an_export_does_not_fit_another_runtime(tmp_path: Path) -> None:
    place = fake_export(tmp_path / "anywhere")

    with pytest.raises(ExportError, match="an export for onnx, not for openvino"):
        choose(place, runtime="openvino")


def test_a_missing_export_is_reported_with_the_command_that_makes_it(run: Run) -> None:
    with pytest.raises(ExportError, match="no export 'openvino-int8'") as caught:
        choose(run.path, runtime="openvino-int8")

    assert f"textune export {run.path} --runtime openvino --int8" in caught.value.hint


def test_an_unknown_runtime_is_reported(run: Run) -> None:
    with pytest.raises(RequestError, match="no runtime 'tensorrt'"):
        choose(run.path, runtime="tensorrt")


def test_a_folder_that_may_not_be_looked_into_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> bool:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_file", refuse)

    with pytest.raises(ExportError, match="cannot be read: its permissions do not allow it"):
        choose(tmp_path)


def test_a_folder_that_is_neither_is_reported(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="not a complete run"):
        choose(tmp_path)
