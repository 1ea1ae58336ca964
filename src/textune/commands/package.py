"""`textune package`: a folder with a run's classifier and everything that serves it somewhere else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textune.context import Context, Observer
from textune.errors import ExportError
from textune.packaging.folder import check_package_place, write_package
from textune.packaging.targets import find_package_target
from textune.run.layout import Run
from textune.runtimes.choosing import choose
from textune.runtimes.exports import Export, export_command, exports_folder, is_export
from textune.runtimes.registry import all_runtimes


@dataclass(frozen=True)
class PackageResult:
    """A package's folder, the export in it, and the command that starts it there.

    `textune package --json` prints `document`.
    """

    path: Path
    export: str
    starts: str
    document: dict[str, Any]


def package(
    run: str | Path, *, target: str, out: str | Path, runtime: str = "", observer: Observer | None = None
) -> PackageResult:
    """Write a folder that serves a run's classifier: an export, the code, and pinned requirements.

    Args:
        run: The folder of a finished run that has an export, or an export.
        target: What it is for: `docker`, `sagemaker`, `mlflow` or `kserve`.
        out: The folder; a package that is there is replaced, and anything else is refused.
        runtime: The name of the export; by default the fastest with the run's own probabilities.
        observer: Receives progress and notes.

    Raises:
        RequestError: The run, the target or the folder is wrong.
        ExportError: The run has no such export, or it is damaged.
    """
    ctx, found = Context(observer), find_package_target(target)
    place, source = Path(out).expanduser(), Path(run).expanduser()
    check_package_place(place)
    export = _export_of(source, runtime)
    ctx.stage(f"Packaging {export.description.name} for {found.title}")
    name = source.resolve().name
    requirements = write_package(place, export, found, name=name, key=target)
    document = {
        "path": str(place),
        "for": target,
        "export": export.description.name,
        "requirements": list(requirements),
        "starts": found.starts,
        "bytes": sum(file.stat().st_size for file in place.rglob("*") if file.is_file()),
    }
    return PackageResult(place, export.description.name, found.starts, document)


def _export_of(path: Path, runtime: str) -> Export:
    """Return the export to package: the one that is named, or else one that gives the run's probabilities."""
    choice = choose(path, runtime=runtime)
    if choice.export is None and not runtime:
        # With torch, or with a GPU, this computer may be faster than any export.
        names = [name for name in all_runtimes() if is_export(exports_folder(Run(path)) / name)]
        choice = choose(path, runtime=names[0]) if names else choice
    if choice.export is None:
        raise ExportError(
            f"{path} has no export that can be packaged, and a package has no torch.",
            f"Make one: {export_command(path, next(iter(all_runtimes())))}",
        )
    return choice.export
