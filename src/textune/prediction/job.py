"""What a prediction is made from: the input files, the classifier, and how they are read.

In: paths. Out: a `PredictionJob` that can be stored, and how it differs from another, in words. The
same job has the same results. Does not know what is predicted or written.
"""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self

from textune.data.columns import ColumnChoice
from textune.errors import DataError, RequestError
from textune.files import sha256_of
from textune.formats.compression import file_on_disk
from textune.formats.lines import open_data_file
from textune.formats.registry import find_format
from textune.prediction.input_columns import DETECTED
from textune.prediction.stream import TRUNCATED
from textune.run.layout import Run, classifier_sha256
from textune.runtimes.exports import MANIFEST, is_export
from textune.runtimes.registry import TORCH
from textune.wording import listed

_RUNTIME = "runtime"
_BLOCK_BYTES = 1 << 20
_NAMES_SHOWN = 3


@dataclass(frozen=True)
class InputFile:
    """An input file as it was when it was first read.

    Without `sha256`, its contents were not read, and the time stands in for them. `rows` is rough.
    """

    path: str
    bytes: int
    modified_ns: int
    sha256: str
    rows: int = field(default=0, compare=False)


@dataclass(frozen=True)
class PredictionJob:
    """The input files, in order, and everything else that shapes the result, by its name in words."""

    files: tuple[InputFile, ...]
    settings: Mapping[str, str]

    @property
    def rows(self) -> int:
        """Roughly how many rows there are."""
        return sum(file.rows for file in self.files)

    @property
    def runtime(self) -> str:
        """The runtime that classifies; empty: unknown."""
        return self.settings.get(_RUNTIME, "")

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Return the job that `asdict` described; other values raise a `KeyError` or a `TypeError`."""
        return cls(tuple(InputFile(**file) for file in values["files"]), dict(values["settings"]))


def describe_input(path: Path, *, hashed: bool = True) -> InputFile:
    """Look at an input file; read all of it only if its contents are to be hashed."""
    digest, lines = hashlib.sha256(), 0
    with open_data_file(path) as file:
        # Read first, so that any later change is noticed in the end.
        status = file_on_disk(path).stat()
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
            lines += block.count(b"\n")
            if not hashed:
                lines = lines * status.st_size // len(block)
                break
    known = find_format(path)
    if known is not None and known.row_count is not None:
        lines = known.row_count(path)
    sha256 = digest.hexdigest() if hashed else ""
    return InputFile(str(path.absolute()), status.st_size, status.st_mtime_ns, sha256, lines)


def describe_job(
    run: Path,
    files: Sequence[Path],
    *,
    choice: ColumnChoice = DETECTED,
    mark_truncated: bool = False,
    runtime: str = TORCH,
    hashed: bool = True,
) -> PredictionJob:
    """Return what a prediction is made from, by a run or an export that has been checked.

    Unless `hashed`, the files' sizes and times count instead of their contents.
    """
    settings = {
        "classifier": sha256_of(run / MANIFEST) if is_export(run) else classifier_sha256(Run(run)),
        _RUNTIME: runtime,
        "text column": choice.describe(),
        "column that marks truncated texts": TRUNCATED if mark_truncated else "",
        "version of textune": version("textune"),
    }
    return PredictionJob(tuple(describe_input(path, hashed=hashed) for path in files), settings)


def check_unchanged(files: Sequence[InputFile]) -> None:
    """Raise a `DataError` if a file has other contents than when it was first read.

    A `RequestError` says that this is unknown: the file cannot be read, or only its time has changed and it
    was not hashed.
    """
    for file in files:
        try:
            same = _is_unchanged(file)
        except OSError as error:
            raise RequestError(
                f"{file.path} can no longer be read: {error.strerror}.", "Put it back as it was."
            ) from error
        if not same:
            raise DataError(
                f"{file.path} was changed while it was being classified.",
                "Run the command again when nothing writes to it.",
            )


def _is_unchanged(file: InputFile) -> bool:
    path = Path(file.path)
    status = path.stat()
    if status.st_size != file.bytes or status.st_mtime_ns == file.modified_ns:
        return status.st_size == file.bytes
    # A backup or a copy gives a file another time, but not other contents.
    if file.sha256:
        return sha256_of(path) == file.sha256
    seconds, rest = divmod(file.modified_ns, 1_000_000_000)
    time = f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"
    raise RequestError(
        f"{path} has another modification time than when it was first read, and it was not hashed then.",
        f"If its contents are the same, restore its time: touch -d {time} {shlex.quote(file.path)}",
    )


def describe_changes(before: PredictionJob, now: PredictionJob) -> list[str]:
    """Return how a job differs from an earlier one, in parts of a sentence; empty if it does not."""
    old_names, names = [file.path for file in before.files], [file.path for file in now.files]
    if old_names != names:
        changes = [_different_names(old_names, names)]
    else:
        pairs = zip(before.files, now.files, strict=True)
        changes = [change for old, new in pairs if (change := _different_contents(old, new))]
        if len(changes) > _NAMES_SHOWN:
            changes = [*changes[:_NAMES_SHOWN], f"{len(changes) - _NAMES_SHOWN:,} more files have changed"]
    for name, value in now.settings.items():
        old_value = before.settings.get(name, "")
        if value != old_value:
            changes.append(f"the {name} is {_shown(value)} and was {_shown(old_value)}")
    return changes


def differs_in_runtime_only(before: PredictionJob, now: PredictionJob) -> bool:
    """Return whether a job differs from an earlier one in its runtime, and in nothing else."""
    same = replace(now, settings={**now.settings, _RUNTIME: before.runtime})
    return before.runtime != now.runtime and not describe_changes(before, same)


def _different_names(before: Sequence[str], now: Sequence[str]) -> str:
    if len(before) == len(now) == 1:
        return f"the input is {now[0]} and was {before[0]}"
    parts = []
    for change, paths in {"new": set(now) - set(before), "gone": set(before) - set(now)}.items():
        if paths:
            verb = "is" if len(paths) == 1 else "are"
            parts.append(f"{listed(sorted(paths), most=_NAMES_SHOWN)} {verb} {change}")
    if not parts:
        return "the input's files are in another order"
    return f"of the input's files, {' and '.join(parts)}"


def _different_contents(before: InputFile, now: InputFile) -> str:
    if before.bytes != now.bytes:
        return f"{now.path} has {now.bytes:,} bytes and had {before.bytes:,}"
    if before.sha256 != now.sha256:
        return f"{now.path} has other contents"
    # The time says little about a file whose contents are known to be the same.
    if not now.sha256 and before.modified_ns != now.modified_ns:
        return f"{now.path} was changed"
    return ""


def _shown(value: str) -> str:
    is_hash = len(value) == hashlib.sha256().digest_size * 2
    return (value[:12] if is_hash else value) or "none"
