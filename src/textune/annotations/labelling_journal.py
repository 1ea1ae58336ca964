"""textune's own journal of answers, which `textune label` appends to: its events become texts with labels.

A line of the journal is an event in JSON. An answer carries its text, who gave it and when, and a unique id:
an event whose id was read before counts once. A line that does not end was never confirmed to anybody, and is
not read. Later events undo, rename or repeat earlier ones, so the file is read from its beginning. Does not
know how events are written, nor what is asked next.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from textune.annotations.registry import Answer, ExportItem, Tool, register_tools
from textune.errors import DataError
from textune.formats.lines import open_data_file
from textune.formats.text_pairs import AnyText, as_text, text_fields

TRAIN, TEST, GIVEN = "train", "test", "given"
"""What an answer is for: to learn from, to test with, or known before the labelling began."""
SKIPPED, NOT_SURE = "skipped", "not sure"
"""The verdicts of an answer without a label."""
_FORMAT = 1
_HEAD = b'{"textune_labelling": '
_OF_AN_ANSWER = ("id", "who", "when", "key", "text", "purpose")


@dataclass(frozen=True, slots=True)
class PersonAnswer:
    """What a person said about a text; `key` is the same for copies of the text.

    Attributes:
        labels: The labels; none if there is a verdict, or if a text that can have several has none.
        verdict: `SKIPPED`, `NOT_SURE`, or empty.
        purpose: `TRAIN`, `TEST` or `GIVEN`.
        is_repeat: Whether the person was asked once more about a text that they had labelled.
        seconds: How long the text was shown before the answer; 0: not known.
    """

    id: str
    who: str
    when: str
    key: str
    text: AnyText
    labels: tuple[str, ...]
    verdict: str = ""
    purpose: str = TRAIN
    is_repeat: bool = False
    seconds: float = 0.0

    @property
    def has_labels(self) -> bool:
        """Whether it says which labels the text has."""
        return not self.verdict


@dataclass
class AnswerState:
    """All that the events of a journal add up to.

    Attributes:
        label_names: The labels, in the order in which they were named.
        is_multi: Whether a text can have several labels.
        seed: Decides which texts are for testing.
        notes: The last note of every text, by its key.
        repeats: Pairs of a person's first answer about a text and that when asked once more.
        changed: The keys of texts with other answers than before; whoever reads them may empty it.
    """

    label_names: list[str] = field(default_factory=list)
    is_multi: bool = False
    seed: int = 0
    notes: dict[str, str] = field(default_factory=dict)
    repeats: dict[str, tuple[PersonAnswer, PersonAnswer]] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    _people: dict[str, list[str]] = field(default_factory=dict)
    _given: dict[tuple[str, str], list[PersonAnswer]] = field(default_factory=dict)
    _by_id: dict[str, tuple[str, str]] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)
    _renamed: dict[str, str] = field(default_factory=dict)

    def knows(self, event_id: str) -> bool:
        """Return whether an event of this id was read."""
        return event_id in self._seen

    def current_name(self, label: str) -> str:
        """Return what a label is called now."""
        while label not in self.label_names and label in self._renamed:
            label = self._renamed[label]
        return label

    def answers(self) -> Iterator[PersonAnswer]:
        """Yield the last answer of every person about every text, in the order of the first ones."""
        yield from (stack[-1] for stack in self._given.values() if stack)

    def keys(self) -> list[str]:
        """Return the keys of the texts with answers, in the order of the first ones."""
        return [key for key in self._people if self.answers_about(key)]

    def answers_about(self, key: str) -> list[PersonAnswer]:
        """Return the last answer of every person about a text."""
        people = self._people.get(key, ())
        return [stack[-1] for who in people if (stack := self._given.get((key, who)))]

    def answer_of(self, key: str, who: str) -> PersonAnswer | None:
        """Return a person's last answer about a text."""
        stack = self._given.get((key, who))
        return stack[-1] if stack else None

    def last_id_of(self, who: str) -> str:
        """Return the id of the last answer of a person that is not undone; empty: there is none."""
        mine = [answer_id for answer_id, (_, person) in self._by_id.items() if person == who]
        return mine[-1] if mine else ""

    def find(self, answer_id: str) -> PersonAnswer | None:
        """Return an answer that is not undone."""
        place = self._by_id.get(answer_id)
        stack = self._given[place] if place else []
        return next((answer for answer in stack if answer.id == answer_id), None)

    def apply(self, event: Mapping[str, Any]) -> bool:
        """Take an event in, and return whether it was new; a `KeyError` or `ValueError` says that it is none.

        Events of kinds that a later version may write are passed over.
        """
        kind, event_id = event["event"], str(event["id"])
        if event_id in self._seen:
            return False
        if kind == "answer":
            self._take(event)
        elif kind == "undo":
            self._undo(str(event["of"]))
        elif kind == "note":
            self.notes[str(event["key"])] = str(event["note"])
        elif kind == "label":
            self._name(str(event["name"]))
        elif kind == "rename":
            self._rename(str(event["name"]), str(event["to"]))
        elif kind == "start" and not any(other == "start" for other in self._seen):
            self.is_multi, self.seed = bool(event["multi"]), int(event["seed"])
            for name in event["labels"]:
                self._name(str(name))
            self._seen.add("start")
        self._seen.add(event_id)
        return True

    def _take(self, event: Mapping[str, Any]) -> None:
        labels = tuple(dict.fromkeys(self.current_name(str(label)) for label in event.get("labels", ())))
        for label in labels:
            self._name(label)
        values = {name: event[name] for name in _OF_AN_ANSWER}
        answer = PersonAnswer(
            **values | {"text": as_text(event["text"])},
            labels=labels,
            verdict=str(event.get("verdict", "")),
            is_repeat=bool(event.get("repeat", False)),
            seconds=float(event.get("seconds", 0.0)),
        )
        place = answer.key, answer.who
        stack = self._given.get(place)
        if stack is None:
            stack = self._given[place] = []
            self._people.setdefault(answer.key, []).append(answer.who)
        self.changed.add(answer.key)
        if answer.is_repeat and stack and stack[-1].has_labels:
            self.repeats[answer.id] = stack[-1], answer
        stack.append(answer)
        self._by_id[answer.id] = place

    def _undo(self, answer_id: str) -> None:
        place = self._by_id.pop(answer_id, None)
        if place is not None:
            self.changed.add(place[0])
            self._given[place] = [answer for answer in self._given[place] if answer.id != answer_id]
            if not self._given[place]:  # An answer that follows stands where it is given.
                del self._given[place]
                self._people[place[0]].remove(place[1])
                if not self._people[place[0]]:
                    del self._people[place[0]]
        self.repeats.pop(answer_id, None)

    def _name(self, label: str) -> None:
        if label not in self.label_names:
            self.label_names.append(label)

    def _rename(self, name: str, to: str) -> None:
        """Call a label otherwise; if there is one of that name already, both become one."""
        name = self.current_name(name)
        if name == to or name not in self.label_names:
            return
        if to in self.label_names:
            self.label_names.remove(name)
        else:
            self.label_names[self.label_names.index(name)] = to
        self._renamed.pop(to, None)
        self._renamed[name] = to
        self.changed.update(self._people)
        for stack in self._given.values():
            stack[:] = [_with_name(answer, name, to) for answer in stack]
        self.repeats = {
            number: (_with_name(first, name, to), _with_name(again, name, to))
            for number, (first, again) in self.repeats.items()
        }


def _with_name(answer: PersonAnswer, name: str, to: str) -> PersonAnswer:
    if name not in answer.labels:
        return answer
    return replace(
        answer, labels=tuple(dict.fromkeys(to if each == name else each for each in answer.labels))
    )


def first_line_of_journal() -> bytes:
    """Return the line by which a journal is recognised."""
    return _HEAD + str(_FORMAT).encode() + b"}\n"


def events_in(lines: bytes, origin: str, *, first_line: int = 1) -> Iterator[dict[str, Any]]:
    """Yield the events in whole lines; what follows the last line end is not one.

    Raises:
        DataError: A line is not an event, or of a later version of textune.
    """
    for number, line in enumerate(lines.split(b"\n")[:-1], start=first_line):
        if line.startswith(_HEAD):
            if line + b"\n" != first_line_of_journal():
                raise DataError(
                    f"{origin}, line {number}: this journal is of a later version of textune.",
                    "Install that version or a later one: pip install --upgrade textune",
                )
            continue
        try:
            event = json.loads(line)
            if not (isinstance(event, dict) and event.keys() >= {"event", "id"}):
                raise ValueError
        except ValueError:
            beginning = line[:60].decode(errors="replace")
            raise DataError(
                f"{origin}, line {number} is not an event of a labelling: {beginning}",
                "Delete this line if you edited the file; no answer of another line is lost by that.",
            ) from None
        yield event


def read_answers(path: Path) -> AnswerState:
    """Return what a journal adds up to; raise a `DataError` if it is not one."""
    state = AnswerState()
    with open_data_file(path) as file:
        take_events(state, file.read(), str(path))
    return state


def take_events(state: AnswerState, lines: bytes, origin: str, *, first_line: int = 1) -> int:
    """Take the events of whole lines into a state, and return how many were new; errors as `events_in`."""
    new = 0
    for event in events_in(lines, origin, first_line=first_line):
        try:
            new += state.apply(event)
        except (KeyError, ValueError, TypeError) as error:
            raise DataError(
                f"{origin}: the event {event['id']!r} lacks something: {error!r}.",
                "Delete its line if you edited the file.",
            ) from error
    return new


def _is_journal(path: Path, head: bytes) -> bool:
    return head.startswith(_HEAD)


def _read_journal(path: Path) -> Iterator[ExportItem]:
    state = read_answers(path)
    for number, key in enumerate(state.keys(), start=1):
        answers = state.answers_about(key)
        purposes = {answer.purpose for answer in answers}
        yield ExportItem(
            number,
            text_fields(answers[0].text),
            {"label": [_as_answer(answer, state) for answer in answers]},
            split="test" if TEST in purposes else "train",
        )


def _as_answer(answer: PersonAnswer, state: AnswerState) -> Answer:
    if not answer.has_labels:
        return Answer(verdict=answer.verdict, annotator=answer.who)
    if not state.is_multi:
        return Answer(answer.labels, annotator=answer.who)
    return Answer(answer.labels, "" if answer.labels else "none of the labels", answer.who, has_none="yes")


register_tools(Tool("textune", is_file=_is_journal, read_file=_read_journal, unit="text"))
