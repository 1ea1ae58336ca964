"""An annotation tool's export becomes splits of labelled texts, or texts alone.

In: files. Out: the labelled texts, and sentences that account for all others, or a `DataError`. Verdicts,
drafts and a machine's suggestions are never labels. Does not know the tools.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

from textune.annotations import consensus
from textune.annotations.registry import EVERY_QUESTION, Answer, ExportItem, Tool, find_tool
from textune.data.columns import LABEL_NAMES, ColumnChoice, find_text_column, listed_columns
from textune.data.dataset import SPLITS
from textune.data.formats.registry import AS_USUAL, format_of
from textune.data.formats.tables import read_rows
from textune.data.raw import SPLIT_OF, Disagreement, Piece, RawSource, RawSplit
from textune.errors import DataError
from textune.wording import counted, first_line, listed

_SPLIT_FIELD = "split"
_PLACES_SHOWN = 10


def read_exports(files: Mapping[str, Sequence[Path]], choice: ColumnChoice) -> RawSource | None:
    """Read annotation tools' exports as the splits that they are named after; None if they are tables.

    Of a single file, the splits inside are used. A label id is the number of its name in order. Raise a
    `DataError` if a file is damaged, has no labels, or if only some files are exports.
    """
    paths = list(chain.from_iterable(files.values()))
    tools = {path: tool for path in paths if (tool := exporting_tool(path, choice))}
    if not tools:
        return None
    if tables := [path for path in paths if path not in tools]:
        export = next(iter(tools))
        raise DataError(
            f"{export} is an export of an annotation tool, but {tables[0]} is an ordinary table.",
            f"Convert the export first: textune convert {export} {export.with_suffix('.csv')} --to csv",
        )
    rows_of: defaultdict[str, list[_Judged]] = defaultdict(list)
    pieces: defaultdict[str, list[Piece]] = defaultdict(list)
    notes: list[str] = []
    disagreements = []
    for named, shards in files.items():
        for path in shards:
            judged, sentences = _read_export(path, tools[path], choice)
            notes += sentences
            by_split: defaultdict[str, list[_Judged]] = defaultdict(list)
            for each in judged:
                split = named if len(tools) > 1 else each.split or named
                if each.votes:
                    row = len(rows_of[split]) + len(by_split[split]) if each.labels else None
                    disagreements.append(Disagreement(split, row, str(each.text), each.place, each.votes))
                if each.labels:
                    by_split[split].append(each)
            for split, rows in by_split.items():
                rows_of[split] += rows
                numbers = [each.line for each in rows]
                pieces[split].append(Piece(str(path), str(path), rows[0].unit, numbers))
    names = _in_order({each.labels[0] for rows in rows_of.values() for each in rows if len(each.labels) == 1})
    ids = {name: number for number, name in enumerate(names)}
    splits = {
        split: RawSplit(
            tuple(pieces[split]),
            [each.text for each in rows],
            [ids[each.labels[0]] if len(each.labels) == 1 else list(each.labels) for each in rows],
        )
        for split in SPLITS
        if (rows := rows_of[split])
    }
    return RawSource(splits, dict(enumerate(names)), tuple(notes), tuple(disagreements))


def exporting_tool(path: Path, choice: ColumnChoice) -> Tool | None:
    """Return the tool that exported a file; None for a table, such as one that is to be read in some way."""
    return find_tool(path) if choice.reading == AS_USUAL or choice.remembered else None


def export_texts(path: Path, tool: Tool, choice: ColumnChoice) -> Iterator[tuple[str, Any]]:
    """Yield the place and the text of every text of an export, labelled or not."""
    export = _read_items(path, tool)
    name = _text_name(export, choice, option="--text-column NAME")
    for item in export.items:
        yield f"{path}, {export.unit} {item.line}", item.texts.get(name)


@dataclass(frozen=True, slots=True)
class _Export:
    """The items of a file, one per text, which come from a number of rows."""

    path: Path
    tool: Tool
    items: Sequence[ExportItem]
    rows: int
    unit: str


@dataclass(frozen=True, slots=True)
class _Judged:
    """A text, its place, and what people say about it."""

    text: Any
    line: int
    place: str
    unit: str
    split: str
    answers: Sequence[Answer]
    labels: tuple[str, ...]
    reason: str
    votes: str


def _in_order(names: set[str]) -> list[str]:
    """Return label names in alphabetical order, or in that of their numbers."""
    return sorted(names, key=int) if all(name.isdecimal() for name in names) else sorted(names)


def _read_export(path: Path, tool: Tool, choice: ColumnChoice) -> tuple[list[_Judged], list[str]]:
    export = _read_items(path, tool)
    name = _text_name(export, choice)
    question = _question_name(export, choice, text=name)
    judged = []
    for item in export.items:
        given = [*item.answers.get(question, ()), *item.answers.get(EVERY_QUESTION, ())]
        answers = consensus.complete_answers(given)
        labels, reason, votes = consensus.join_answers(answers)
        place = f"{path.name}, {export.unit} {item.line}"
        split = SPLIT_OF.get(item.split.lower(), "")
        text = item.texts.get(name)
        judged.append(_Judged(text, item.line, place, export.unit, split, answers, labels, reason, votes))
    if not any(each.labels for each in judged):
        remarks = _remarks(export, judged) or ["Suggestions, predictions and drafts are not labels."]
        raise DataError(
            f"{_summary(export, judged)}. There is nothing to learn from.",
            " ".join(["Label some texts, then export again.", *remarks]),
        )
    return judged, _notes(export, judged)


def _read_items(path: Path, tool: Tool) -> _Export:
    joined: dict[Any, ExportItem] = {}
    rows = 0
    is_table = tool.read_file is None
    for rows, item in enumerate(tool.read_file(path) if tool.read_file else _row_items(path, tool), start=1):
        key = ("", rows) if item.key is None else (item.key,)
        joined[key] = _join(joined[key], item) if key in joined else item
    return _Export(path, tool, list(joined.values()), rows, format_of(path).unit if is_table else tool.unit)


def _row_items(path: Path, tool: Tool) -> Iterator[ExportItem]:
    assert tool.read_row is not None
    for row in read_rows(path):
        try:
            yield tool.read_row(row)
        except (AttributeError, LookupError, TypeError, ValueError, RecursionError) as error:
            reason = f"it has no {error}" if isinstance(error, KeyError) else first_line(error)
            raise DataError(
                f"{path}, {format_of(path).unit} {row.line} does not have the structure of {tool.name}'s "
                f"exports, as other rows do: {reason}.",
                "Fix or delete this row, or export the file again.",
            ) from error


def _join(first: ExportItem, later: ExportItem) -> ExportItem:
    questions = dict.fromkeys((*first.answers, *later.answers))
    answers = {name: [*first.answers.get(name, ()), *later.answers.get(name, ())] for name in questions}
    return replace(first, answers=answers, has_suggestion=first.has_suggestion or later.has_suggestion)


def _text_name(export: _Export, choice: ColumnChoice, *, option: str = "--set data.text_column=NAME") -> str:
    """Return what the export calls its text: the only text there is, or the one with a usual name."""
    names = dict.fromkeys(name for item in export.items for name in item.texts if name != _SPLIT_FIELD)
    texts = [name for name in names if any(isinstance(item.texts.get(name), str) for item in export.items)]
    name = choice.text if choice.text in names or not choice.remembered else ""
    if len(texts) == 1 and not name:
        return texts[0]
    return find_text_column(list(names), origin=str(export.path), name=name, option=option)


def _question_name(export: _Export, choice: ColumnChoice, *, text: str) -> str:
    """Return the question whose answers are the labels: the only one, or the one with a usual name."""
    asked = dict.fromkeys(question for item in export.items for question in item.answers)
    questions = [question for question in asked if question not in (EVERY_QUESTION, text, _SPLIT_FIELD)]
    name = choice.label if choice.label in questions or not choice.remembered else ""
    usual = [question for question in questions if question.strip().casefold() in LABEL_NAMES]
    for candidates in ([name],) if name else (questions, usual):
        if len(candidates) == 1 and candidates[0] in questions:
            return candidates[0]
    if not questions and not name:
        return EVERY_QUESTION
    fault = f"has no labels called '{name}'" if name else "has more than one set of labels"
    raise DataError(
        f"{export.path} {fault}. There are: {listed_columns(questions) or 'none'}.",
        f"Choose one: --set data.label_column={questions[0] if questions else 'NAME'}",
    )


def _summary(export: _Export, judged: Sequence[_Judged]) -> str:
    """Return the sentence that accounts for every text of an export."""
    tool, reasons = export.tool, Counter(each.reason for each in judged if each.reason)
    parts = [f"{len(judged) - reasons.total():,} labelled"]
    parts += [f"{count:,} {reason}" for reason, count in reasons.most_common()]
    rows = f"{counted(export.rows, 'row')} about " if export.rows > len(judged) else ""
    people = {answer.annotator for each in judged for answer in each.answers} - {""}
    return (
        f"{export.path.name} is {tool.export}: {rows}{counted(len(judged), tool.noun)}, {', '.join(parts)}"
        + (f"; {counted(len(people), 'annotator')}" if people else "")
    )


def _remarks(export: _Export, judged: Sequence[_Judged]) -> list[str]:
    reasons = {each.reason for each in judged}
    return [remark for reason, remark in export.tool.remarks.items() if reason in reasons]


def _notes(export: _Export, judged: Sequence[_Judged]) -> list[str]:
    tool, notes = export.tool, [f"{_summary(export, judged)}."]
    several = [
        labels for each in judged if len(labels := [one.labels for one in each.answers if one.labels]) > 1
    ]
    if several:
        agreed = sum(len(set(labels)) == 1 for labels in several)
        alpha = consensus.krippendorff_alpha(several)
        measure = "" if alpha is None else f" (Krippendorff's alpha {alpha:.2f})"
        notes.append(
            f"Where several annotators labelled a {tool.noun}, they all agree on {agreed:,} of "
            f"{len(several):,}, {agreed / len(several):.1%}{measure}. The most frequent label counts."
        )
    if tied := [each for each in judged if each.reason == consensus.TIED]:
        units = export.unit if len(tied) == 1 else f"{export.unit}s"
        lines = listed([each.line for each in tied], most=_PLACES_SHOWN)
        notes.append(
            f"Left out, since as many annotators gave one label as another: {export.path.name}, "
            f"{units} {lines}."
        )
    if suggested := sum(item.has_suggestion for item in export.items):
        nouns = counted(suggested, tool.noun)
        notes.append(f"A machine's suggestions, for {nouns}, do not count as labels.")
    notes += _remarks(export, judged)
    inside = Counter(each.split for each in judged if each.labels)
    if set(inside) != {""}:
        sizes = ", ".join(f"{split} ({inside[split]:,})" for split in SPLITS if inside[split])
        rest = f"; train also gets the {inside['']:,} without a split" if inside[""] else ""
        notes.append(f"{export.path.name} says which split a {tool.noun} is in: {sizes}{rest}.")
    return notes
