"""Packages that hold a tiny pretrained model in parts, and its entry in the table of embedded models.

In: a folder for packages, and the model's folder. Out: packages that hold an archive of the model in parts,
each with code that fails if it is imported.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from textune.encoder.embedded import EMBEDDED_MODELS, EmbeddedModel

NAME = "embedded:tiny"
_PARTS = 3


def write_package(site: Path, package: str, files: Mapping[str, bytes]) -> None:
    """Write an installed package, `NAME==VERSION`, with its metadata and files below `site`."""
    name, _, version = package.partition("==")
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    info = f"{name.replace('-', '_')}-{version}.dist-info/METADATA"
    for path, contents in {**files, info: metadata.encode()}.items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_bytes(contents)


def archive_of(folder: Path, others: Mapping[str, bytes] = MappingProxyType({})) -> bytes:
    """Return a zip archive of the files in a folder, below `tiny-model/`, and of others by their names."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, f"tiny-model/{file.name}")
        for name, contents in others.items():
            archive.writestr(name, contents)
    return buffer.getvalue()


def install_in_parts(
    site: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, *, archive: bytes | None = None, **changes: Any
) -> EmbeddedModel:
    """Install a model's archive in three packages, and return its entry, which is in the table from now on.

    `archive` replaces the one of the folder, and `changes` are of the entry.
    """
    contents = archive_of(folder) if archive is None else archive
    size = -(-len(contents) // _PARTS)
    packages = [f"tiny-part-{number}==1.0" for number in range(1, _PARTS + 1)]
    parts = {}
    for number, package in enumerate(packages, start=1):
        part = contents[(number - 1) * size : number * size]
        path = f"tiny-part_{number}/tiny.zip.{number}"
        code = {f"tiny-part_{number}/__init__.py": b"raise AssertionError('imported')"}
        write_package(site, package, {path: part, **code})
        parts[path] = hashlib.sha256(part).hexdigest()
    model = replace(
        EMBEDDED_MODELS["embedded:mpnet"],
        name=NAME,
        title="tiny-model",
        extra="tiny",
        folder="tiny-model",
        sha256={file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()},
        packages=packages,
        parts=parts,
    )
    model = replace(model, **changes)
    monkeypatch.syspath_prepend(site)
    monkeypatch.setitem(EMBEDDED_MODELS, NAME, model)
    return model
