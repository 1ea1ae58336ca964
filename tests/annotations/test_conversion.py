"""Round trips: what is written in another format is read as it was."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exported_files import labelled, read, texts_to_classify
from textune.annotations.conversion import check_copy, kind_of_copy, plan_files, texts_of_source
from textune.annotations.registry import TextToWrite, target_formats
from textune.data.columns import ColumnChoice
from textune.data.raw import Piece, RawSource, RawSplit
from textune.data.sources import read_source
from textune.errors import DataError, RequestError

TOOLS = ("argilla", "doccano", "label-studio", "prodigy")
TABLES = ("csv", "jsonl", "parquet")
TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=30
).filter(str.strip)
AWKWARD = st.sampled_from(
    ["a, b", "1", "1;2", "c#", "x|y", "__label__joy", "very happy", "['z']", "ü", 'say "no"', "{}"]
)
SPLIT = st.sampled_from(["train", "validation", "test"])


def write_and_read(rows: list[TextToWrite], name: str, path: Path) -> list[TextToWrite]:
    """Write texts in a format; return what is read."""
    target = target_formats()[name]
    file = path / f"posts{target.suffix}"
    labels = sorted({label for row in rows for label in row.labels})
    target.write(rows, labels, file)
    return texts_of_source(read(file))


@pytest.mark.parametrize("name", [*TOOLS, *TABLES])
@settings(max_examples=25, deadline=None)
@given(rows=st.lists(st.tuples(TEXT, AWKWARD), min_size=3, max_size=8))
def test_texts_and_labels_are_read_as_they_were_written(
    name: str, rows: list[tuple[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    texts = [TextToWrite(text, (label,)) for text, label in rows]

    assert write_and_read(texts, name, tmp_path_factory.mktemp("posts")) == texts


@settings(max_examples=40, deadline=None)
@given(rows=st.lists(st.tuples(TEXT, st.sampled_from(["joy", "c#", "a,b", "ü"])), min_size=1, max_size=8))
def test_fasttext_is_read_as_it_was_written_or_refused(
    rows: list[tuple[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    texts = [TextToWrite(text, (label,)) for text, label in rows]

    try:
        again = write_and_read(texts, "fasttext", tmp_path_factory.mktemp("posts"))
    except DataError as error:
        assert "fastText" in error.message and any("\n" in text or "\r" in text for text, _ in rows)
    else:
        assert again == texts


@pytest.mark.parametrize("name", TOOLS)
def test_splits_stay_what_they_are(name: str, tmp_path: Path) -> None:
    texts = [
        TextToWrite("so happy", ("joy",), "train"),
        TextToWrite("go away", ("anger",), "train"),
        TextToWrite("what a day", ("joy",), "validation"),
        TextToWrite("leave", ("anger",), "test"),
    ]

    assert write_and_read(texts, name, tmp_path) == texts


@pytest.mark.parametrize("name", TOOLS)
def test_several_labels_and_texts_without_one_stay_what_they_are(name: str, tmp_path: Path) -> None:
    texts = [TextToWrite("so happy", ("anger", "joy")), TextToWrite("later"), TextToWrite("go", ("anger",))]
    target = target_formats()[name]
    file = tmp_path / f"posts{target.suffix}"

    target.write(texts, ["anger", "joy"], file)

    assert labelled(file) == {"train": [("so happy", ["anger", "joy"]), ("go", "anger")]}
    assert texts_to_classify(file) == ["so happy", "later", "go"]


@pytest.mark.parametrize("name", TOOLS)
def test_predictions_are_read_as_suggestions(name: str, tmp_path: Path) -> None:
    predicted = TextToWrite("so happy", predictions=("joy",), scores={"joy": 0.9, "anger": 0.1})
    target = target_formats()[name]
    file = tmp_path / f"posts{target.suffix}"

    target.write([predicted, TextToWrite("go away", ("anger",))], ["anger", "joy"], file)

    assert labelled(file) == {"train": [("go away", "anger")]}
    assert "A machine's suggestions, for 1 " in read(file).notes[1]
    assert "0.9" in file.read_text()


@pytest.mark.parametrize("name", TOOLS)
def test_several_predictions_are_written_with_the_lowest_or_all_of_their_scores(
    name: str, tmp_path: Path
) -> None:
    scores = {"joy": 0.9, "love": 0.25, "anger": 0.125}
    predicted = TextToWrite("so happy", predictions=("joy", "love"), scores=scores, can_have_several=True)
    target = target_formats()[name]
    file = tmp_path / f"posts{target.suffix}"

    target.write([predicted], ["anger", "joy", "love"], file)

    assert re.search(r'\[\s*"joy",\s*"love"\s*\]', file.read_text())
    assert "0.25" in file.read_text()
    assert "0.125" not in file.read_text()


@pytest.mark.parametrize("name", ["csv", "parquet"])
def test_a_cell_cannot_hold_several_labels(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="Text 1 has several labels"):
        target_formats()[name].write([TextToWrite("hm", ("a", "b"))], ["a", "b"], tmp_path / "posts")


@pytest.mark.parametrize(
    ("text", "label", "reason"),
    [
        ("two\nlines", "joy", "Text 1 contains a line end"),
        ("two\rlines", "joy", "Text 1 contains a line end"),
        ("__label__x", "joy", "Text 1 begins with __label__"),
        ("so happy", "very happy", "The label 'very happy' contains a space"),
    ],
)
def test_fasttext_refuses_what_a_line_cannot_hold(tmp_path: Path, text: str, label: str, reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        target_formats()["fasttext"].write([TextToWrite(text, (label,))], [label], tmp_path / "posts.txt")


def test_label_studios_interface_names_every_label(tmp_path: Path) -> None:
    target_formats()["label-studio"].write(
        [TextToWrite("x", ('"a" & <b>',))], ['"a" & <b>', "joy"], tmp_path / "posts.json"
    )

    interface = (tmp_path / "posts-interface.xml").read_text()

    assert "<Choice value='\"a\" &amp; &lt;b&gt;'/>" in interface
    assert '<Choices name="label" toName="text" choice="single">' in interface


def raw(*labels: object, names: dict[int, str] | None = None) -> RawSource:
    """Return a source of texts with these labels."""
    texts = [f"text {number}" for number in range(len(labels))]
    piece = Piece("posts.csv", "posts.csv", "line", range(2, len(labels) + 2))
    return RawSource({"train": RawSplit((piece,), texts, labels)}, names)


@pytest.mark.parametrize(
    ("label", "written"),
    [
        ("joy ", ("joy",)),
        (3, ("3",)),
        (2.0, ("2",)),
        (True, ("true",)),
        (None, ()),
        ("", ()),
        (["a", "b"], ("a", "b")),
    ],
)
def test_labels_are_written_by_their_names(label: object, written: tuple[str, ...]) -> None:
    (text,) = texts_of_source(raw(label))

    assert text.labels == written


def test_several_labels_in_a_cell_are_several_unless_they_are_one_name() -> None:
    source = raw("joy", "anger", "joy;anger")

    assert texts_of_source(source, separator="auto")[2].labels == ("anger", "joy")
    assert texts_of_source(source)[2].labels == ("joy;anger",)


def test_ids_are_written_by_the_names_that_the_source_stores() -> None:
    texts = texts_of_source(raw(1, "0", -1, names={0: "anger", 1: "joy"}))

    assert [text.labels for text in texts] == [("joy",), ("anger",), ()]


def test_a_row_without_a_text_is_refused_with_its_place() -> None:
    source = raw("joy")

    with pytest.raises(DataError, match=r"posts.csv, line 2: None is not a text"):
        texts_of_source(RawSource({"train": RawSplit(source.splits["train"].pieces, [None], ["joy"])}))


def test_a_format_without_splits_gets_a_file_for_each(tmp_path: Path) -> None:
    texts = [TextToWrite("a", ("x",), "train"), TextToWrite("b", ("x",), "test")]

    files = plan_files(tmp_path / "posts", target_formats()["fasttext"], texts, overwrite=False)

    assert [file.relative_to(tmp_path).as_posix() for file in files] == ["posts/train.txt", "posts/test.txt"]


def test_a_file_that_exists_is_replaced_only_on_request(tmp_path: Path) -> None:
    file = tmp_path / "posts.csv"
    file.write_text("precious")
    target = target_formats()["csv"]

    with pytest.raises(RequestError, match="exists already"):
        plan_files(file, target, [TextToWrite("a")], overwrite=False)
    assert list(plan_files(file, target, [TextToWrite("a")], overwrite=True)) == [file]


def test_a_wrong_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"a file of doccano ends in .jsonl"):
        plan_files(tmp_path / "posts.json", target_formats()["doccano"], [TextToWrite("a")], overwrite=False)


def test_the_name_of_a_file_is_refused_for_a_folder_of_splits(tmp_path: Path) -> None:
    texts, target = [TextToWrite("a", split="train"), TextToWrite("b", split="test")], target_formats()["csv"]

    with pytest.raises(RequestError, match=r"2 splits \(train, test\) need a file each") as caught:
        plan_files(tmp_path / "posts.CSV", target, texts, overwrite=False)

    assert caught.value.hint.endswith("posts.")
    assert len(plan_files(tmp_path / "posts", target, texts, overwrite=False)) == 2


def test_a_copy_that_differs_is_refused() -> None:
    with pytest.raises(DataError, match="What was written is not read as it was: 'text 0', joy"):
        check_copy([TextToWrite("text 0", ("joy",))], raw("anger"))


@pytest.mark.parametrize("name", [*TOOLS, "jsonl"])
def test_a_text_with_none_of_several_labels_is_not_an_unlabelled_one(name: str, tmp_path: Path) -> None:
    texts = texts_of_source(raw(["anger", "joy"], [], None, ["joy"], [], ["anger"]))
    target = target_formats()[name]
    file = tmp_path / f"posts{target.suffix}"

    target.write(texts, ["anger", "joy"], file)

    assert [text.has_none for text in texts] == [False, True, False, False, True, False]
    assert [text for text in texts_of_source(read(file)) if text.is_labelled] == [
        text for text in texts if text.is_labelled
    ]


@pytest.mark.parametrize("name", [*TOOLS, "jsonl"])
def test_a_copy_of_texts_that_have_one_label_or_none_is_compared_as_such(name: str, tmp_path: Path) -> None:
    texts = texts_of_source(raw({"joy": 1, "anger": 0}, {"joy": 0, "anger": 0}, {"joy": 0, "anger": 1}))
    target = target_formats()[name]
    file = tmp_path / f"posts{target.suffix}"

    target.write(texts, ["anger", "joy"], file)

    check_copy(texts, read_source(str(file), ColumnChoice(kind=kind_of_copy(texts))))


@pytest.mark.parametrize("name", ["csv", "fasttext", "parquet"])
def test_a_format_that_cannot_hold_none_of_several_labels_refuses_it(name: str, tmp_path: Path) -> None:
    texts = texts_of_source(raw(["joy"], [], ["anger"]), kind="multi")

    with pytest.raises(DataError, match="(can have several labels|has none of the labels), which a"):
        target_formats()[name].write(texts, ["anger", "joy"], tmp_path / "posts")


def test_a_label_that_is_not_known_is_written_as_such_or_refused(tmp_path: Path) -> None:
    texts = texts_of_source(raw({"joy": 1, "anger": None}, {"joy": 0, "anger": 1}, {"joy": 1, "anger": 1}))
    target = target_formats()["jsonl"]

    target.write(texts, ["anger", "joy"], tmp_path / "posts.jsonl")

    assert texts_of_source(read(tmp_path / "posts.jsonl")) == texts
    with pytest.raises(DataError, match="not known whether 'text 0' has the label 'anger', which a file of"):
        plan_files(tmp_path / "posts.json", target_formats()["label-studio"], texts, overwrite=False)
