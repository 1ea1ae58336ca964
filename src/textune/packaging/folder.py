"""The folder of a packaged classifier: what lies where in it, and how it is written, whole or not at all.

FOLDER/export/            the export: from texts to probabilities
FOLDER/code/              textune itself, as it is installed here
FOLDER/requirements.txt   the other packages, each with its version
FOLDER/start_server.py    how a container starts, or
FOLDER/MLmodel            what MLflow reads
FOLDER/README.md          how to use the folder
FOLDER/manifest.json      written last: what it was made from, sizes and SHA-256
"""

from __future__ import annotations

import json
import platform
import shutil
from importlib.metadata import PackageNotFoundError, distribution, version
from importlib.resources import as_file, files
from pathlib import Path

from textune.errors import RequestError
from textune.files import list_files, replaced_folder, sync_file, write_json, write_text
from textune.packaging.pinned import pinned_requirements
from textune.packaging.targets import Package, Target
from textune.runtimes.exports import Export

PACKAGE_FORMAT = 1
_MANIFEST = "manifest.json"
_STARTER = "start_server.py"

_README = """\
# {name} for {title}

This folder was made by `textune package`. It holds a text classifier and all that it needs, but for
Python {python}:

    export/            the classifier, as {export}: from texts to probabilities
    code/              textune {version}
    requirements.txt   the other packages, with their versions
    manifest.json      the sizes and SHA-256 of all files

Start it, in an environment with the requirements:

    pip install -r requirements.txt
    {starts}

The versions are those of {system}. The labels are: {labels}.
"""


def check_package_place(path: Path) -> None:
    """Raise a `RequestError` unless nothing is at the path, or a package that may be replaced."""
    blocking = next((folder for folder in path.absolute().parents if folder.exists()), None)
    if blocking is not None and not blocking.is_dir():
        raise RequestError(
            f"The folder {path} cannot be made: {blocking} is a file.", "Give another folder with --out."
        )
    if path.is_symlink() or (path.exists() and (not path.is_dir() or not _is_replaceable(path))):
        raise RequestError(
            f"{path} holds something that `textune package` did not make.",
            "Give another folder with --out, or delete this one first.",
        )


def write_package(path: Path, export: Export, target: Target, *, name: str, key: str) -> tuple[str, ...]:
    """Write the folder for an export, whose run has this name; return the lines of its requirements.

    `key` is what the target is called on the command line.
    """
    description = export.description
    requirements = pinned_requirements(export.runtime.package, extra=target.extra)
    if not target.extra:
        requirements.append(_with_version("mlflow"))
    package = Package(name, tuple(sorted(requirements)), description.pairs)
    check_package_place(path)
    with replaced_folder(path) as folder:
        shutil.copytree(export.path, folder / "export")
        _copy_code(folder / "code")
        own = dict(target.files(package))
        own["requirements.txt"] = "".join(f"{line}\n" for line in package.requirements)
        own["README.md"] = _README.format(
            name=name,
            title=target.title,
            python=platform.python_version(),
            export=description.name,
            version=version("textune"),
            starts=target.starts,
            system=f"Python {platform.python_version()} on {platform.system()} ({platform.machine()})",
            labels=", ".join(description.label_names),
        )
        for file, contents in own.items():
            write_text(folder / file, contents)
        if target.extra:
            with as_file(files("textune.packaging") / _STARTER) as starter:
                shutil.copyfile(starter, folder / _STARTER)
        _write_manifest(folder, export, target, package=package, key=key)
    return package.requirements


def _with_version(package: str) -> str:
    try:
        return f"{package}=={version(package)}"
    except PackageNotFoundError:
        return package


def _copy_code(folder: Path) -> None:
    """Copy textune's files, and what says which version this is."""
    with as_file(files("textune")) as source:
        shutil.copytree(source, folder / "textune", ignore=shutil.ignore_patterns("__pycache__", ".*"))
    facts = folder / f"textune-{version('textune')}.dist-info"
    facts.mkdir()
    write_text(facts / "METADATA", distribution("textune").read_text("METADATA") or "")


def _write_manifest(folder: Path, export: Export, target: Target, *, package: Package, key: str) -> None:
    contents = sorted(file for file in folder.rglob("*") if file.is_file())
    for file in contents:
        sync_file(file)
    facts = {
        "format": PACKAGE_FORMAT,
        "for": key,
        "name": package.plain_name,
        "export": export.description.name,
        "model_sha256": export.manifest["model_sha256"],
        "serve": list(target.serve),
        "versions": {"textune": version("textune"), "python": platform.python_version()},
    }
    write_json(folder / _MANIFEST, {**facts, "files": list_files(folder, contents)})


def _is_replaceable(path: Path) -> bool:
    """Return whether a folder is empty, or holds a package and nothing else."""
    found = {file.relative_to(path).as_posix() for file in path.rglob("*") if not file.is_dir()}
    if not found:
        return True
    try:
        manifest = json.loads((path / _MANIFEST).read_text(encoding="utf-8"))
        listed = {*manifest["files"], _MANIFEST}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False
    mine = manifest.get("for") is not None and manifest.get("format") == PACKAGE_FORMAT
    return mine and all(name in listed or "__pycache__" in name for name in found)
