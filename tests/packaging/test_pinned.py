"""The requirements of a package: everything that is imported, in the version that is installed."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Any

import pytest

from textune.errors import RequestError
from textune.packaging import pinned
from textune.packaging.pinned import pinned_requirements


def test_every_package_is_pinned_to_the_version_that_is_installed() -> None:
    pins = dict(line.split("==") for line in pinned_requirements("onnxruntime", extra="serve"))

    assert pins["numpy"] == version("numpy")
    assert pins["onnxruntime"] == version("onnxruntime")
    assert {name: version(name).partition("+")[0] for name in pins} == pins


def test_what_the_packages_need_in_turn_is_there_as_well() -> None:
    names = {line.partition("==")[0] for line in pinned_requirements("onnxruntime", extra="serve")}

    assert {"fastapi", "starlette", "anyio", "uvicorn", "click", "pydantic-core"} <= names


def test_nothing_that_trains_is_needed() -> None:
    names = {line.partition("==")[0] for line in pinned_requirements("openvino", extra="serve")}

    assert "openvino" in names
    assert names.isdisjoint({"torch", "transformers", "datasets", "scikit-learn", "onnxruntime", "textune"})


def test_without_a_server_its_packages_are_not_needed() -> None:
    names = {line.partition("==")[0] for line in pinned_requirements("onnxruntime")}

    assert names.isdisjoint({"fastapi", "uvicorn", "prometheus-client", "pyarrow"})


def test_the_build_of_a_version_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    class Built:
        name, version = "Num_Py", "2.4.6+cpu"

    monkeypatch.setattr(pinned, "distribution", lambda name: Built())
    monkeypatch.setattr(pinned, "requires", lambda name: [])

    assert set(pinned_requirements("onnxruntime")) == {"num-py==2.4.6"}


def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    found = pinned.distribution

    def without(name: str) -> Any:
        if name == "uvicorn":
            raise PackageNotFoundError(name)
        return found(name)

    monkeypatch.setattr(pinned, "distribution", without)

    with pytest.raises(RequestError, match="uvicorn is needed, and is not installed"):
        pinned_requirements("onnxruntime", extra="serve")
