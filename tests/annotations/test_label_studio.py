"""Label Studio: tasks with annotations, and one row per annotation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from exported_files import first_note, labelled, read, texts_to_classify, write, write_array, write_lines
from textune.errors import DataError


def result(*labels: str, name: str = "sentiment") -> list[dict[str, Any]]:
    """Return the result of an annotation with these choices."""
    value = {"choices": list(labels)}
    return [{"id": "x", "from_name": name, "to_name": "text", "type": "choices", "value": value}]


def annotation(*labels: str, by: Any = 1, **more: Any) -> dict[str, Any]:
    """Return an annotation with these choices."""
    given = result(*labels) if labels else []
    return {"id": 1, "result": given, "was_cancelled": False, "completed_by": by, **more}


def task(text: str, *annotations: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a task with annotations."""
    return {"id": 1, "data": {"text": text}, "annotations": list(annotations), "predictions": [], **more}


TASKS = [
    task("so happy", annotation("joy")),
    task("go away", annotation("anger")),
    task("skipped", annotation("joy", was_cancelled=True)),
    task("untouched", predictions=[{"result": result("joy"), "score": 0.9}]),
    task("opened", annotation()),
]


def test_the_choices_of_annotations_are_labels(tmp_path: Path) -> None:
    export = write_array(tmp_path / "export.json", TASKS)

    assert labelled(export) == {"train": [("so happy", "joy"), ("go away", "anger")]}


def test_every_task_is_accounted_for(tmp_path: Path) -> None:
    export = write_array(tmp_path / "export.json", TASKS)

    assert first_note(export) == (
        "export.json is a Label Studio export: 5 tasks, 2 labelled, 1 skipped, 1 without annotation, "
        "1 left empty; 1 annotator."
    )


def test_predictions_are_not_labels(tmp_path: Path) -> None:
    export = write_array(tmp_path / "export.json", TASKS)

    assert read(export).notes[1] == "A machine's suggestions, for 1 task, do not count as labels."


def test_an_export_without_any_annotation_is_refused(tmp_path: Path) -> None:
    export = write_array(tmp_path / "export.json", TASKS[2:4])

    with pytest.raises(DataError, match=r"2 tasks, 0 labelled, 1 skipped, 1 without annotation"):
        read(export)


def test_all_texts_are_classified(tmp_path: Path) -> None:
    export = write_array(tmp_path / "export.json", TASKS)

    assert texts_to_classify(export) == ["so happy", "go away", "skipped", "untouched", "opened"]


def test_old_exports_have_completions(tmp_path: Path) -> None:
    old = {"id": 1, "data": {"text": "so happy"}, "completions": [annotation("joy")]}
    skipped = {"id": 2, "data": {"text": "go"}, "completions": [annotation("joy", skipped=True)]}

    assert labelled(write_lines(tmp_path / "old.jsonl", [old, skipped])) == {"train": [("so happy", "joy")]}


def test_the_majority_of_annotators_decides(tmp_path: Path) -> None:
    votes = [
        annotation("joy", by=1),
        annotation("joy", by={"id": 2}),
        annotation("anger", by={"email": "c@d"}),
    ]
    export = write_array(tmp_path / "export.json", [task("so happy", *votes)])

    assert labelled(export) == {"train": [("so happy", "joy")]}


def test_a_tie_is_left_out_and_its_place_named(tmp_path: Path) -> None:
    tied = task("hm", annotation("joy", by=1), annotation("anger", by=2))
    export = write_array(tmp_path / "export.json", [task("so happy", annotation("joy")), tied])

    source = read(export)

    assert source.notes[0].startswith("export.json is a Label Studio export: 2 tasks, 1 labelled, 1 tied")
    assert "Left out, since as many annotators gave one label as another: export.json, row 2." in source.notes


def test_a_ground_truth_annotation_outvotes_the_others(tmp_path: Path) -> None:
    votes = [annotation("joy", by=1), annotation("joy", by=2), annotation("anger", by=3, ground_truth=True)]

    assert labelled(write_array(tmp_path / "a.json", [task("hm", *votes)])) == {"train": [("hm", "anger")]}


def test_several_choices_are_several_labels(tmp_path: Path) -> None:
    export = write_array(tmp_path / "export.json", [task("hm", annotation("joy", "anger"))])

    assert labelled(export) == {"train": [("hm", ["anger", "joy"])]}


def test_a_path_in_a_taxonomy_is_one_label(tmp_path: Path) -> None:
    value = {"taxonomy": [["mood", "joy"]]}
    tree = {"from_name": "mood", "to_name": "text", "type": "taxonomy", "value": value}
    export = write_array(tmp_path / "export.json", [task("so happy", {"result": [tree]})])

    assert labelled(export) == {"train": [("so happy", "mood / joy")]}


def test_spans_are_not_labels_of_the_text(tmp_path: Path) -> None:
    span = {"from_name": "ner", "type": "labels", "value": {"start": 0, "end": 2, "labels": ["PER"]}}
    export = write_array(tmp_path / "export.json", [task("Jo is here", {"result": [span, *result("joy")]})])

    assert labelled(export) == {"train": [("Jo is here", "joy")]}


def test_of_several_sets_of_choices_one_is_chosen(tmp_path: Path) -> None:
    both = {"result": [*result("joy", name="mood"), *result("en", name="language")]}
    export = write_array(tmp_path / "export.json", [task("so happy", both)])

    assert labelled(export, label="language") == {"train": [("so happy", "en")]}
    with pytest.raises(DataError, match="There are: 'mood', 'language'"):
        read(export)


def test_the_text_may_have_any_name(tmp_path: Path) -> None:
    named = {"data": {"post": "so happy", "number": 3}, "annotations": [annotation("joy")]}
    export = write_array(tmp_path / "export.json", [named])

    assert labelled(export) == {"train": [("so happy", "joy")]}


@pytest.mark.parametrize(
    "broken", [{"id": 3}, {"data": {"text": "x"}, "annotations": [{"id": 1}]}, {"data": 1}]
)
def test_a_task_without_the_structure_of_the_others_is_refused(tmp_path: Path, broken: Any) -> None:
    export = write_array(tmp_path / "export.json", [TASKS[0], broken])

    with pytest.raises(DataError, match=r"export.json, row 2 does not have the structure of Label Studio's"):
        read(export)


ROWS = [
    {"text": "so happy", "id": 1, "sentiment": "joy", "annotator": 1, "annotation_id": 1},
    {"text": "so happy", "id": 1, "sentiment": "joy", "annotator": "a@b.c", "annotation_id": 2},
    {"text": "two\nlines", "id": 2, "sentiment": {"choices": ["joy", "anger"]}, "annotation_id": 3},
    {"text": "untouched", "id": 4},
]
DATES = {"annotator": None, "annotation_id": None, "created_at": None, "updated_at": None, "lead_time": None}


def test_rows_of_json_min_about_one_task_are_one_text(tmp_path: Path) -> None:
    export = write_array(tmp_path / "min.json", [{**DATES, **row} for row in ROWS])

    assert labelled(export) == {"train": [("so happy", "joy"), ("two\nlines", ["anger", "joy"])]}
    assert first_note(export) == (
        "min.json is a Label Studio export: 4 rows about 3 tasks, 2 labelled, 1 without annotation; "
        "2 annotators."
    )


@pytest.mark.parametrize(("name", "separator"), [("export.csv", ","), ("export.tsv", "\t")])
def test_csv_and_tsv_hold_several_choices_as_json(tmp_path: Path, name: str, separator: str) -> None:
    header = [
        "annotation_id",
        "annotator",
        "created_at",
        "id",
        "lead_time",
        "sentiment",
        "text",
        "updated_at",
    ]
    cell = '"' + json.dumps({"choices": ["joy", "anger"]}).replace('"', '""') + '"'
    rows = [
        ["1", "1", "", "1", "1.2", '"joy"', '"so ""happy"""', ""],
        ["2", "1", "", "2", "1.2", cell, '"two\nlines"', ""],
        ['""', '""', '""', "3", '""', '""', '"untouched"', '""'],
    ]
    export = write(tmp_path / name, "".join(separator.join(cells) + "\n" for cells in [header, *rows]))

    assert labelled(export) == {"train": [('so "happy"', "joy"), ("two\nlines", ["anger", "joy"])]}
    assert texts_to_classify(export) == ['so "happy"', "two\nlines", "untouched"]


def test_a_draft_is_not_a_label(tmp_path: Path) -> None:
    draft = task("hm", drafts=[{"id": 1, "result": result("joy")}])
    export = write_array(tmp_path / "export.json", [TASKS[0], draft])

    assert labelled(export) == {"train": [("so happy", "joy")]}
    assert "1 saved as a draft" in first_note(export)


def test_tasks_to_label_are_classified(tmp_path: Path) -> None:
    tasks = [{"data": {"text": "so happy"}}, {"data": {"text": "go away"}, "id": 7}]

    assert texts_to_classify(write_array(tmp_path / "tasks.json", tasks)) == ["so happy", "go away"]


def test_annotations_without_choices_are_told_apart_from_empty_ones(tmp_path: Path) -> None:
    span = {"from_name": "ner", "type": "labels", "value": {"start": 0, "end": 2, "labels": ["PER"]}}
    export = write_array(tmp_path / "export.json", [*TASKS, task("Jo", {"result": [span]})])

    assert "1 left empty, 1 without choices" in first_note(export)


def test_choices_about_a_span_are_not_labels_of_the_text(tmp_path: Path) -> None:
    span = {"from_name": "sentiment", "type": "choices", "value": {"start": 0, "end": 2, "choices": ["joy"]}}
    export = write_array(tmp_path / "export.json", [*TASKS[:2], task("Jo is here", {"result": [span]})])

    assert labelled(export) == {"train": [("so happy", "joy"), ("go away", "anger")]}
    assert first_note(export).endswith("3 tasks, 2 labelled, 1 without choices; 1 annotator.")


def test_choices_about_a_span_do_not_count_in_json_min_either(tmp_path: Path) -> None:
    row = {"annotator": 1, "annotation_id": 1, "lead_time": 1.0}
    span = [{"start": 0, "end": 2, "text": "Jo", "choices": ["anger"]}]
    rows = [
        {"id": 1, "text": "so happy", "mood": "joy", **row},
        {"id": 2, "text": "Jo is here", "mood": span, **row},
    ]

    assert labelled(write_array(tmp_path / "export.json", rows)) == {"train": [("so happy", "joy")]}


def test_an_annotation_that_a_reviewer_rejects_is_not_a_label(tmp_path: Path) -> None:
    rejected, accepted = {"accepted": False, "created_at": "1"}, {"accepted": True, "created_at": "2"}
    tasks = [
        task("so happy", annotation("joy", reviews=[accepted, rejected])),
        task("go away", annotation("anger", reviews=[])),
        task("hm", annotation("joy", reviews=[rejected])),
        task("well", annotation("joy", last_action="rejected")),
    ]
    export = write_array(tmp_path / "export.json", tasks)

    assert labelled(export) == {"train": [("so happy", "joy"), ("go away", "anger")]}
    assert "2 labelled, 2 rejected" in first_note(export)
