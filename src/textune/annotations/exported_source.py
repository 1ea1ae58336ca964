"""Exports of annotation tools as sources: which texts are labelled, and what happened to all others.

In: files, or datasets by split. Out: a `RawSource`, or a `DataError`. Verdicts, drafts and a machine's
suggestions are never labels. Does not know the tools.
"""

from __future__ import annotations

import shlex
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any, TypeVar

from textune.annotations import consensus
from textune.annotations.export_file import (
    ROWS_LOOKED_AT,
    SPLIT_FIELD,
    ToolExport,
    exporting_tool,
    exporting_tool_of_rows,
    read_export_rows,
    read_tool_export,
    text_name,
)
from textune.annotations.registry import EVERY_QUESTION, Answer, ExportItem, Tool
from textune.data.columns import LABEL_NAMES, ColumnChoice, listed_columns
from textune.data.deciding_columns import decide_columns, deciding_columns
from textune.data.label_cells import LabelSet, whole_number
from textune.data.label_columns import LabelColumn
from textune.data.raw import Disagreement, Piece, RawSource, RawSplit, join_rows
from textune.errors import DataError
from textune.wording import counted, listed

_PLACES_SHOWN = 10
_NO_QUESTION = "label"
_JUDGED = ""
"""The column that carries what people say about the texts through their division into splits."""


def read_exports(files: Mapping[str, Sequence[Path]], choice: ColumnChoice) -> RawSource | None:
    """Read annotation tools' exports as the splits that they are named after; None if they are tables.

    The splits inside count as a table's column of splits does. Raise a `DataError` if a file is damaged, if
    nothing is labelled, or if only some files are exports.
    """
    paths = [(split, path) for split, shards in files.items() for path in shards]
    tools = _only_exports({path: exporting_tool(path, choice) for _, path in paths})
    exports = [(split, read_tool_export(path, tools[path], choice)) for split, path in paths if tools]
    return _source(exports, choice) if exports else None


def read_exported_rows(
    splits: Mapping[str, tuple[str, Iterable[Mapping[str, Any]]]], choice: ColumnChoice
) -> RawSource | None:
    """Read the rows of splits, each with its name in messages, as `read_exports` reads files."""
    rows, tools = {}, {}
    for split, (origin, of_split) in splits.items():
        iterator = iter(of_split)
        first = list(islice(iterator, ROWS_LOOKED_AT))
        rows[split] = chain(first, iterator)
        tools[origin] = exporting_tool_of_rows(first, choice)
    known = _only_exports(tools)
    exports = [
        (split, read_export_rows(rows[split], origin, known[origin], choice))
        for split, (origin, _) in splits.items()
        if known
    ]
    return _source(exports, choice) if exports else None


_Place = TypeVar("_Place", str, Path)


def _only_exports(tools: Mapping[_Place, Tool | None]) -> dict[_Place, Tool]:
    """Return the tool that exported each table; nothing for tables, and a `DataError` if some are exports."""
    exports = {place: tool for place, tool in tools.items() if tool is not None}
    table = next((place for place, tool in tools.items() if tool is None), None)
    if not exports or table is None:
        return exports
    export = next(iter(exports))
    raise DataError(
        f"{export} is an export of an annotation tool, but {table} is an ordinary table.",
        "Convert the export first: textune convert "
        f"{shlex.quote(str(export))} {shlex.quote(str(export.with_suffix('.csv')))} --to csv"
        if isinstance(export, Path)
        else "Give all splits the same columns, or pass the export's splits alone.",
    )


@dataclass(frozen=True, slots=True)
class _Judged:
    """A text, and what people say about it."""

    item: ExportItem
    place: str
    text: Any
    answers: Sequence[Answer]
    labels: tuple[str, ...]
    unknown: tuple[str, ...]
    reason: str
    votes: str

    @property
    def is_labelled(self) -> bool:
        """Whether there is no reason against it; a text that can have several labels may have none."""
        return not self.reason


def _source(exports: Sequence[tuple[str, ToolExport]], choice: ColumnChoice) -> RawSource:
    parts: defaultdict[str, list[RawSplit]] = defaultdict(list)
    notes: list[str] = []
    disagreements: list[Disagreement] = []
    question = ""
    asked = [_names(export, choice) for _, export in exports]
    answers = [
        _answers_of(export, question) for (_, export), (_, question, _) in zip(exports, asked, strict=True)
    ]
    sets = _label_sets(chain.from_iterable(answers), choice)
    for (split, export), (text, question, others), given in zip(exports, asked, answers, strict=True):
        judged = _judge(export, text, given, sets=sets, blank_is_none=choice.kind == "multi")
        notes += _notes(export, judged, is_multi=sets is not None)
        if others:
            notes.append(f"The labels are those called '{question}', not {listed_columns(others)}.")
        disagreements += [
            _disagreement(split, None, each) for each in judged if not each.is_labelled and each.votes
        ]
        if rows := [each for each in judged if each.is_labelled]:
            parts[split].append(
                _rows(export, rows, choice, text=text, question=question, is_multi=sets is not None)
            )
    if not parts:
        raise DataError(
            f"{notes[0]} There is nothing to learn from.",
            " ".join(["Label some texts, then export again. Suggestions are not labels.", *notes[1:]]),
        )
    raw = RawSource({split: join_rows(rows) for split, rows in parts.items()}, None, tuple(notes))
    divided = decide_columns(
        raw,
        replace(choice, label=question or _NO_QUESTION, others=True),
        label=LabelColumn(question or _NO_QUESTION),
        origin=exports[0][1].origin,
    )
    splits = {split: replace(rows, others={}) for split, rows in divided.splits.items()}
    labelled = {split: rows.column(_JUDGED) for split, rows in divided.splits.items()}
    disagreements += [
        _disagreement(split, row, each)
        for split, rows in labelled.items()
        for row, each in enumerate(rows)
        if each.votes
    ]
    # Stored names are kept as they are, even with commas. Numbers are left to be named.
    names = sets or sorted(
        {each.labels[0] for rows in labelled.values() for each in rows if len(each.labels) == 1}
    )
    stored = None if any(whole_number(name) is not None for name in names) else dict(enumerate(names))
    return replace(
        divided, splits=splits, label_names=divided.label_names or stored, disagreements=tuple(disagreements)
    )


def _rows(
    export: ToolExport,
    judged: Sequence[_Judged],
    choice: ColumnChoice,
    *,
    text: str,
    question: str,
    is_multi: bool,
) -> RawSplit:
    """Return the labelled texts of an export, with the values beside them that decide something."""
    names = dict.fromkeys(name for item in export.items for name in item.texts)
    if any(item.split for item in export.items):
        names[SPLIT_FIELD] = None
    # The question is the label, so no value beside the text could be it.
    label = LabelColumn(question or _NO_QUESTION)
    beside = deciding_columns(
        list(names), replace(choice, label=label.name), text=text, label=label, origin=export.origin
    )
    others = {
        name: [each.item.split if name == SPLIT_FIELD else each.item.texts.get(name) for each in judged]
        for name in beside
    }
    piece = Piece(export.origin, export.origin, export.unit, [each.item.line for each in judged])
    texts, labels = [each.text for each in judged], [_cell(each, is_multi=is_multi) for each in judged]
    return RawSplit((piece,), texts, labels, {**others, _JUDGED: judged})


def _disagreement(split: str, row: int | None, judged: _Judged) -> Disagreement:
    return Disagreement(split, row, str(judged.text), judged.place, judged.votes)


def _cell(judged: _Judged, *, is_multi: bool) -> str | list[str] | LabelSet:
    """Return labels as a cell; a name that could be read as a list is the only item of one."""
    labels = judged.labels
    if is_multi:
        return LabelSet(labels, judged.unknown)
    return labels[0] if len(labels) == 1 and labels[0][0] not in "[({" else list(labels)


def _answers_of(export: ToolExport, question: str) -> list[list[Answer]]:
    """Return the answers about every text."""
    return [
        consensus.complete_answers([*item.answers.get(question, ()), *item.answers.get(EVERY_QUESTION, ())])
        for item in export.items
    ]


def _label_sets(answers: Iterable[Sequence[Answer]], choice: ColumnChoice) -> list[str] | None:
    """Return all labels if texts can have several, or None."""
    given = [answer for of_text in answers for answer in of_text]
    several = choice.kind == "auto" and any(len(answer.labels) > 1 for answer in given)
    if not several and choice.kind != "multi":
        return None
    return sorted({label for answer in given for label in (*answer.labels, *(answer.asked or ()))})


def _judge(
    export: ToolExport,
    text: str,
    answers: Sequence[Sequence[Answer]],
    *,
    sets: Sequence[str] | None,
    blank_is_none: bool,
) -> list[_Judged]:
    judged = []
    for item, given in zip(export.items, answers, strict=True):
        if sets is None:
            labels, reason, votes = consensus.join_answers(given)
            found: tuple[Any, ...] = labels, (), reason, votes
        else:
            found = consensus.join_label_sets(given, sets, blank_is_none=blank_is_none)
        place = f"{export.shown}, {export.unit} {item.line}"
        judged.append(_Judged(item, place, item.texts.get(text), given, *found))
    return judged


def _names(export: ToolExport, choice: ColumnChoice) -> tuple[str, str, list[str]]:
    """Return what the export calls text and labels, and other labels that it has.

    The labels are the only ones, or those with a usual name.
    """
    text = text_name(export, choice)
    asked = dict.fromkeys(question for item in export.items for question in item.answers)
    questions = [question for question in asked if question not in (EVERY_QUESTION, text, SPLIT_FIELD)]
    name = choice.label if choice.label in questions or "label_column" not in choice.remembered else ""
    usual = [question for question in questions if question.strip().casefold() in LABEL_NAMES]
    for candidates in ([name],) if name else (questions, usual):
        if len(candidates) == 1 and candidates[0] in questions:
            return text, candidates[0], [other for other in questions if other != candidates[0]]
    if not questions and not name:
        return text, EVERY_QUESTION, []
    fault = f"has no labels called '{name}'" if name else "has more than one set of labels"
    raise DataError(
        f"{export.origin} {fault}. There are: {listed_columns(questions) or 'none'}.",
        f"Choose one: --set data.label_column={questions[0] if questions else 'NAME'}",
    )


def _summary(export: ToolExport, judged: Sequence[_Judged]) -> str:
    """Return the sentence that accounts for every text of an export."""
    tool, reasons = export.tool, Counter(each.reason for each in judged if each.reason)
    parts = [f"{len(judged) - reasons.total():,} labelled"]
    parts += [f"{count:,} {reason}" for reason, count in reasons.most_common()]
    rows = f"{counted(export.rows, 'row')} about " if export.rows > len(judged) else ""
    people = {answer.annotator for each in judged for answer in each.answers} - {""}
    return f"{export.shown} is {tool.export}: {rows}{counted(len(judged), tool.noun)}, {', '.join(parts)}" + (
        f"; {counted(len(people), 'annotator')}" if people else ""
    )


def _remarks(export: ToolExport, judged: Sequence[_Judged]) -> list[str]:
    reasons = {each.reason for each in judged}
    return [remark for reason, remark in export.tool.remarks.items() if reason in reasons]


def _notes(export: ToolExport, judged: Sequence[_Judged], *, is_multi: bool) -> list[str]:
    tool, notes = export.tool, [f"{_summary(export, judged)}.", *export.notes]
    several = [
        labels for each in judged if len(labels := [one.labels for one in each.answers if one.labels]) > 1
    ]
    if several:
        agreed = sum(len(set(labels)) == 1 for labels in several)
        alpha = consensus.krippendorff_alpha(several)
        counts = "The most frequent label counts."
        if is_multi:
            counts = "A label counts if more than half of them gave it; if half did, it is not known."
        measure = "" if alpha is None else f" (Krippendorff's alpha {alpha:.2f})"
        notes.append(
            f"Where several annotators labelled a {tool.noun}, they all agree on {agreed:,} of "
            f"{len(several):,}, {agreed / len(several):.1%}{measure}. {counts}"
        )
    if tied := [each for each in judged if each.reason == consensus.TIED]:
        units = export.unit if len(tied) == 1 else f"{export.unit}s"
        lines = listed([each.item.line for each in tied], most=_PLACES_SHOWN)
        reason = "no label has a majority" if is_multi else "as many annotators gave one label as another"
        notes.append(f"Left out, since {reason}: {export.shown}, {units} {lines}.")
    if suggested := sum(item.has_suggestion for item in export.items):
        nouns = counted(suggested, tool.noun)
        notes.append(f"A machine's suggestions, for {nouns}, do not count as labels.")
    notes += _remarks(export, judged)
    if is_multi and (unclear := _unclear(judged)):
        notes.append(
            f"Left out {counted(unclear, tool.noun)} without any label. If they have none of the labels: "
            "--set data.label_kind=multi"
        )
    return notes


def _unclear(judged: Sequence[_Judged]) -> int:
    return sum(
        not each.is_labelled and any(answer.has_none == "unclear" for answer in each.answers)
        for each in judged
    )
