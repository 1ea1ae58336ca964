"""The registry of annotation tools: what a tool's files hold, and how they are recognised, read and written.

Tools register themselves. A file's structure selects its tool, never its name. A new tool is one file in this
folder. It is imported when tools are first asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from textune.discovery import import_files
from textune.errors import RequestError
from textune.formats.lines import open_data_file
from textune.formats.registry import Row

EVERY_QUESTION = ""
"""The question of an answer that holds for all questions, such as that of a skipped task."""

_HEAD_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Answer:
    """What one person said about a text: labels or, without any, a verdict such as `skipped`.

    Attributes:
        labels: The labels that the text has.
        verdict: Why there are none.
        annotator: The person.
        is_partial: Whether the answer is about a single label; the same person's other answers complete it.
        asked: The labels that the person was asked about; None: all.
        has_none: Whether an answer without labels says that a text that can have several has none of them;
            `unclear`: it may also be that nobody has looked at the text.
    """

    labels: tuple[str, ...] = ()
    verdict: str = "left empty"
    annotator: str = ""
    is_partial: bool = False
    asked: tuple[str, ...] | None = None
    has_none: Literal["no", "unclear", "yes"] = "no"


@dataclass(frozen=True, slots=True)
class ExportItem:
    """What an export says about a text in one place.

    Attributes:
        line: Its first line, or its number from 1.
        texts: The values that may be the text, by their names.
        answers: The answers of people by question.
        key: Items with the same key are about the same text; None: no other item is.
        split: The split that the export puts it in, if any.
        has_suggestion: Whether a machine has suggested a label.
    """

    line: int
    texts: Mapping[str, Any]
    answers: Mapping[str, Sequence[Answer]] = field(default_factory=dict)
    key: Hashable = None
    split: str = ""
    has_suggestion: bool = False


@dataclass(frozen=True)
class Tool:
    """An annotation tool, whose files are tables or of a kind of their own.

    Attributes:
        name: The tool's name.
        noun: The tool's word for a text.
        is_row: Returns whether a table's row has the tool's structure.
        read_row: Returns the item of a row; almost any exception means that the row differs from the others.
        is_file: Returns whether a file that is not a table, which begins with some bytes, is the tool's.
        read_file: Yields such a file's items.
        file_notes: Returns sentences about how such a file is read.
        unit: What `ExportItem.line` counts in such a file.
        remarks: What to say about texts without a label, by verdict.
    """

    name: str
    noun: str = "text"
    is_row: Callable[[Mapping[str, Any]], bool] | None = None
    read_row: Callable[[Row], ExportItem] | None = None
    is_file: Callable[[Path, bytes], bool] | None = None
    read_file: Callable[[Path], Iterator[ExportItem]] | None = None
    file_notes: Callable[[Path], Sequence[str]] = lambda path: ()
    unit: str = "line"
    remarks: Mapping[str, str] = field(default_factory=dict)

    @property
    def export(self) -> str:
        """What a file of the tool is, with its article."""
        return f"{'an' if self.name.startswith('A') else 'a'} {self.name} export"


@dataclass(frozen=True, slots=True)
class TextToWrite:
    """A text to write: its labels, or predictions and the scores of all labels.

    There is at most one label or prediction, unless it `can_have_several`. A text that `has_none` is known to
    have none of the labels; another one without labels is not labelled. Of the `unknown` labels, it is not
    known whether it has them.
    """

    text: str
    labels: tuple[str, ...] = ()
    split: str = ""
    predictions: tuple[str, ...] = ()
    scores: Mapping[str, float] = field(default_factory=dict)
    can_have_several: bool = False
    has_none: bool = False
    unknown: tuple[str, ...] = ()

    @property
    def is_labelled(self) -> bool:
        """Whether it is known which labels it has, even if these are none."""
        return bool(self.labels) or self.has_none

    @property
    def prediction(self) -> str | list[str] | None:
        """What is predicted: a label, or a list if the text can have several; None: nothing."""
        if not self.predictions:
            return None
        return list(self.predictions) if self.can_have_several else self.predictions[0]

    @property
    def score(self) -> float | None:
        """The score of the prediction, of several the lowest."""
        return min((self.scores[name] for name in self.predictions), default=None)


@dataclass(frozen=True)
class TargetFormat:
    """A format to convert to.

    Attributes:
        suffix: The suffix of its files.
        write: Writes texts and the names of all labels to a path, or raises a `DataError` if the format
            cannot hold one.
        holds_splits: Whether a file holds several splits.
        holds_predictions: Whether a file holds predictions apart from labels.
        holds_unknown: Whether a file holds that it is not known if a text has a label.
        remark: Says how to import a file.
        companion: Returns the file that is written beside a file, if any.
    """

    name: str
    suffix: str
    write: Callable[[Sequence[TextToWrite], Sequence[str], Path], None]
    holds_splits: bool = True
    holds_predictions: bool = True
    holds_unknown: bool = False
    remark: Callable[[Path], str] = lambda path: ""
    companion: Callable[[Path], Path | None] = lambda path: None


_TOOLS: list[Tool] = []
_TARGETS: dict[str, TargetFormat] = {}


def register_tools(*described: Tool | TargetFormat) -> None:
    """Make textune recognise a tool's exports, or convert to a format."""
    _TOOLS.extend(each for each in described if isinstance(each, Tool))
    _TARGETS.update({each.name: each for each in described if isinstance(each, TargetFormat)})


def target_formats() -> dict[str, TargetFormat]:
    """Return the formats to convert to, by name."""
    import_files("textune.annotations")
    return dict(sorted(_TARGETS.items()))


def find_target(name: str, *, for_predictions: bool) -> TargetFormat:
    """Return a format to convert to; raise a `RequestError` if there is none that can hold what it should."""
    if (target := target_formats().get(name)) is None:
        raise RequestError(f"There is no format '{name}'.", f"The formats are: {', '.join(_TARGETS)}.")
    if for_predictions and not target.holds_predictions:
        raise RequestError(
            f"A file of {name} cannot hold predictions apart from labels.", "Convert to jsonl, for instance."
        )
    return target


def find_file_tool(path: Path) -> Tool | None:
    """Return the tool that exported a file that is not a table, or None; it may raise a `DataError`."""
    import_files("textune.annotations")
    with open_data_file(path) as file:
        head = file.read(_HEAD_BYTES)
    by_file = (tool for tool in _TOOLS if tool.is_file is not None and tool.is_file(path, head))
    return next(by_file, None)


def find_row_tool(rows: Sequence[Mapping[str, Any]]) -> Tool | None:
    """Return the tool that exported the rows of a table, or None."""
    import_files("textune.annotations")
    by_row = (tool for tool in _TOOLS if tool.is_row is not None and any(map(tool.is_row, rows)))
    return next(by_row, None)


def labels_in(value: Any) -> tuple[str, ...]:
    """Return the labels in a label, a list of labels, or nothing; raise a `TypeError` for anything else."""
    if isinstance(value, str):
        return (value.strip(),) if value.strip() else ()
    if isinstance(value, int):
        return (str(value).lower() if isinstance(value, bool) else str(value),)
    if value is None:
        return ()
    if isinstance(value, list | tuple) and all(isinstance(part, str | int) for part in value):
        return tuple(sorted({label for part in value for label in labels_in(part)}))
    raise TypeError(f"{str(value)[:60]!r} is not a label")
