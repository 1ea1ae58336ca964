"""The folder of a package: complete, listed with hashes, and written whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import textune
from packaged_runs import packaged
from textune.errors import RequestError
from textune.files import find_damage
from textune.packaging import folder as folder_module


@pytest.fixture(scope="module")
def package(exported_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package for Docker, to be read and not changed."""
    return packaged(exported_run, tmp_path_factory.mktemp("packages") / "docker", "docker")


def manifest_of(package: Path) -> dict[str, Any]:
    values: dict[str, Any] = json.loads((package / "manifest.json").read_text(encoding="utf-8"))
    return values


def test_the_export_the_code_and_the_way_to_start_are_in_it(package: Path) -> None:
    names = set(manifest_of(package)["files"])

    assert names >= {"Dockerfile", "README.md", "requirements.txt", "start_server.py"}
    assert names >= {"export/graph.onnx", "export/export.json", "export/manifest.json"}
    assert names >= {"code/textune/cli/serve.py", "code/textune/serving/page/index.html"}
    assert not [name for name in names if "__pycache__" in name]


def test_the_manifest_lists_every_file_with_its_hash_and_says_what_it_was_made_from(
    package: Path, exported_run: Path
) -> None:
    manifest = manifest_of(package)
    found = {file.relative_to(package).as_posix() for file in package.rglob("*") if file.is_file()}

    assert manifest["files"].keys() == found - {"manifest.json"}
    assert find_damage(package, manifest["files"]) == ""
    assert (manifest["for"], manifest["export"]) == ("docker", "onnx")
    export = json.loads((exported_run / "exports" / "onnx" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["model_sha256"] == export["model_sha256"]


def test_the_data_of_the_run_stay_where_they_are(package: Path) -> None:
    assert not [name for name in manifest_of(package)["files"] if name.startswith("export/predictions")]
    assert {path.name for path in package.iterdir()} == {
        *("Dockerfile", ".dockerignore", "README.md", "code", "export"),
        *("manifest.json", "requirements.txt", "start_server.py"),
    }


def test_a_package_takes_the_place_of_another(exported_run: Path, tmp_path: Path) -> None:
    packaged(exported_run, tmp_path / "out", "docker")
    (tmp_path / "out" / "code" / "__pycache__").mkdir()
    (tmp_path / "out" / "code" / "__pycache__" / "x.pyc").touch()

    packaged(exported_run, tmp_path / "out", "mlflow")

    assert manifest_of(tmp_path / "out")["for"] == "mlflow"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("add_to", ["", "package"])
def test_a_folder_with_anything_else_is_refused(exported_run: Path, tmp_path: Path, add_to: str) -> None:
    place = tmp_path / "out"
    if add_to:
        packaged(exported_run, place, "docker")
    place.mkdir(exist_ok=True)
    (place / "thesis.txt").write_text("years of work", encoding="utf-8")

    with pytest.raises(RequestError, match="did not make"):
        packaged(exported_run, place, "docker")

    assert (place / "thesis.txt").exists()


def test_a_file_in_the_way_is_refused(exported_run: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(RequestError, match="did not make"):
        packaged(exported_run, tmp_path / "file", "docker")
    with pytest.raises(RequestError, match="is a file"):
        packaged(exported_run, tmp_path / "file" / "inside", "docker")


def test_a_failure_leaves_nothing_not_even_the_folders_above(
    exported_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(folder_module, "list_files", fail)

    with pytest.raises(KeyboardInterrupt):
        textune.package(exported_run, target="docker", out=tmp_path / "new" / "out")

    assert [*tmp_path.iterdir()] == []
