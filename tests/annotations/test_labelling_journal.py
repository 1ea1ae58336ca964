"""textune's own journal of answers: what its events add up to, and how it is read as a source."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import textune
from textune.annotations.labelling_journal import AnswerState, read_answers
from textune.data.columns import ColumnChoice
from textune.data.sources import load_source, read_source
from textune.errors import DataError
from textune.labelling.answer_log import AnswerLog
from textune.labelling.asking import start_event
from textune.recipe.settings import DataSettings


def answer(event_id: str, key: str, *labels: str, **others: Any) -> dict[str, Any]:
    own = {"event": "answer", "id": event_id, "who": "ann", "when": "", "key": key, "text": f"text {key}"}
    return own | {"labels": list(labels), "purpose": "train"} | others


def state_of(*events: dict[str, Any], multi: bool = False) -> AnswerState:
    state = AnswerState()
    for event in ({**start_event(["joy", "anger"], is_multi=multi, seed=3), "id": "start"}, *events):
        state.apply(event)
    return state


def given(state: AnswerState) -> dict[str, tuple[str, ...]]:
    return {each.key: each.labels for each in state.answers()}


def write_journal(folder: Path, *events: dict[str, Any], multi: bool = False) -> Path:
    log = AnswerLog(folder)
    log.append({**start_event(["joy", "anger"], is_multi=multi, seed=3), "id": "start"})
    for event in events:
        log.append(event)
    (folder / "pool.jsonl").touch()
    return folder


def test_the_last_answer_of_a_person_counts() -> None:
    assert given(state_of(answer("1", "a", "joy"), answer("2", "a", "anger"))) == {"a": ("anger",)}


def test_answers_of_two_people_are_both_kept() -> None:
    state = state_of(answer("1", "a", "joy"), answer("2", "a", "anger", who="bob"))

    assert [(each.who, each.labels) for each in state.answers_about("a")] == [
        ("ann", ("joy",)),
        ("bob", ("anger",)),
    ]


def test_an_undone_answer_is_none() -> None:
    assert given(state_of(answer("1", "a", "joy"), {"event": "undo", "id": "2", "of": "1"})) == {}


def test_an_undone_second_answer_leaves_the_first() -> None:
    undo = {"event": "undo", "id": "3", "of": "2"}

    assert given(state_of(answer("1", "a", "joy"), answer("2", "a", "anger"), undo)) == {"a": ("joy",)}


def test_what_a_person_did_last_is_known_until_it_is_undone() -> None:
    state = state_of(answer("1", "a", "joy"), answer("2", "b", "anger"), answer("3", "c", "joy", who="bob"))

    assert state.last_id_of("ann") == "2"


def test_a_renamed_label_is_renamed_in_answers() -> None:
    state = state_of(answer("1", "a", "joy"), {"event": "rename", "id": "2", "name": "joy", "to": "delight"})

    assert (given(state), state.label_names) == ({"a": ("delight",)}, ["delight", "anger"])


def test_an_answer_with_the_former_name_of_a_label_means_the_label() -> None:
    state = state_of({"event": "rename", "id": "1", "name": "joy", "to": "delight"}, answer("2", "a", "joy"))

    assert given(state) == {"a": ("delight",)}


def test_a_label_that_is_renamed_to_another_becomes_one_with_it() -> None:
    state = state_of(answer("1", "a", "joy"), {"event": "rename", "id": "2", "name": "joy", "to": "anger"})

    assert (given(state), state.label_names) == ({"a": ("anger",)}, ["anger"])


def test_a_new_label_takes_a_name_that_another_had() -> None:
    state = state_of(
        {"event": "rename", "id": "1", "name": "joy", "to": "delight"},
        {"event": "label", "id": "2", "name": "joy"},
        answer("3", "a", "joy"),
    )

    assert (given(state), state.label_names) == ({"a": ("joy",)}, ["delight", "anger", "joy"])


def test_what_a_person_says_when_asked_again_is_kept_beside_the_first_answer() -> None:
    state = state_of(answer("1", "a", "joy"), answer("2", "a", "anger", repeat=True))

    assert [(first.labels, again.labels) for first, again in state.repeats.values()] == [
        (("joy",), ("anger",))
    ]


def test_events_of_later_versions_are_passed_over() -> None:
    assert given(state_of({"event": "bookmark", "id": "1"}, answer("2", "a", "joy"))) == {"a": ("joy",)}


def test_notes_are_kept_by_text() -> None:
    assert state_of({"event": "note", "id": "1", "key": "a", "note": "irony"}).notes == {"a": "irony"}


def test_a_journal_that_lacks_something_is_refused(tmp_path: Path) -> None:
    write_journal(tmp_path)
    with (tmp_path / "journal.jsonl").open("a") as file:
        file.write('{"event": "answer", "id": "x"}\n')

    with pytest.raises(DataError, match="lacks something"):
        read_answers(tmp_path / "journal.jsonl")


def test_the_folder_of_a_labelling_is_a_source(tmp_path: Path) -> None:
    write_journal(
        tmp_path,
        answer("1", "a", "joy"),
        answer("2", "b", "anger", purpose="test"),
        answer("3", "c", verdict="skipped"),
    )

    raw = read_source(str(tmp_path), ColumnChoice())

    assert {split: list(rows.texts) for split, rows in raw.splits.items()} == {
        "train": ["text a"],
        "test": ["text b"],
    }


def test_answers_for_testing_are_the_test_split_of_a_training(tmp_path: Path) -> None:
    events = [
        answer(f"{place}", f"{place}", ("joy", "anger")[place % 2], purpose="test" if place < 8 else "train")
        for place in range(40)
    ]
    write_journal(tmp_path, *events)

    data = load_source(str(tmp_path), DataSettings())

    assert sorted(data["test"].texts) == sorted(f"text {place}" for place in range(8))


def test_texts_with_several_labels_or_none_are_a_source(tmp_path: Path) -> None:
    write_journal(tmp_path, answer("1", "a", "joy", "anger"), answer("2", "b"), multi=True)

    raw = read_source(str(tmp_path), ColumnChoice())

    assert [label.labels for label in raw.splits["train"].labels] == [("anger", "joy"), ()]


def test_a_labelling_is_converted_to_another_tools_format(tmp_path: Path) -> None:
    write_journal(tmp_path / "own", answer("1", "a", "joy"), answer("2", "b", "anger", purpose="test"))

    done = textune.convert(str(tmp_path / "own"), tmp_path / "tasks.json", to="label-studio")

    assert done.labelled == 2
