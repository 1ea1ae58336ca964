"""What stands between joined texts: the model's own separator, recorded with the run."""

from __future__ import annotations

import csv
import io
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

import textune
from textune.context import UNWATCHED
from textune.encoder.separator import resolve_separator, stored_separator
from textune.errors import RecipeError, RequestError
from textune.recipe.recipes import resolve_recipe
from tiny_models import change_json

COLUMNS = 'data.text_column=["Title", "Body"]'


def write_posts(path: Path) -> Path:
    rows = [
        (f"so {word} {n}", "" if n % 3 == 0 else f"today {n}", label, n)
        for n in range(40)
        for word, label in (("happy", "joy"), ("sad", "sadness"))
    ]
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("Title", "Body", "label", "id"), *rows])
    return path


@pytest.fixture(scope="module")
def posts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_posts(tmp_path_factory.mktemp("posts") / "posts.csv")


@pytest.fixture(scope="module")
def run(tiny_distilbert: str, posts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    settings = [COLUMNS, "evaluate.baselines=false", "evaluate.bootstrap_samples=100"]
    out = tmp_path_factory.mktemp("runs") / "run"
    return textune.train("frozen", model=tiny_distilbert, data=str(posts), out=out, settings=settings).run


def test_the_separator_is_that_of_the_model_and_recorded(run: Path) -> None:
    recorded = tomllib.loads((run / "recipe.toml").read_text())["data"]

    assert recorded["text_column"] == ["Title", "Body"]
    assert recorded["text_separator"] == " [SEP] "


def test_an_evaluation_reads_the_columns_as_the_training_did(textune_command: Any, run: Path) -> None:
    trained = json.loads((run / "metrics.json").read_text())["metrics"]["test"]

    outcome = textune_command("evaluate", run, "--json")

    assert outcome.code == 0, outcome.err
    assert json.loads(outcome.out)["metrics"]["test"]["log_loss"] == pytest.approx(
        trained["log_loss"], abs=1e-6
    )


@pytest.mark.parametrize("options", [[], ["--set", COLUMNS]])
def test_another_source_is_measured_on_the_joined_columns(
    textune_command: Any, run: Path, tmp_path: Path, options: list[str]
) -> None:
    other = write_posts(tmp_path / "other.csv")

    outcome = textune_command("evaluate", run, "--data", other, "--json", *options)

    assert outcome.code == 0, outcome.err
    assert "with ' [SEP] ' between them" in outcome.err


@pytest.mark.parametrize("options", [[], ["--text-column", "Title", "--text-column", "Body"]])
def test_a_prediction_joins_the_columns_and_keeps_them(
    textune_command: Any, run: Path, posts: Path, tmp_path: Path, options: list[str]
) -> None:
    output = tmp_path / "out.csv"

    outcome = textune_command("predict", run, "--input", posts, "--output", output, *options)

    rows = list(csv.DictReader(io.StringIO(output.read_text())))
    assert outcome.code == 0, outcome.err
    assert [row["text"] for row in rows[:3]] == ["so happy 0", "so sad 0", "so happy 1 [SEP] today 1"]
    assert (rows[2]["Title"], rows[2]["Body"], rows[2]["id"]) == ("so happy 1", "today 1", "1")


@pytest.mark.parametrize("columns", ["", ["Title", "Body"]])
def test_a_table_in_memory_is_joined_alike(run: Path, columns: Any) -> None:
    table = {"Title": ["so happy", "so sad"], "Body": ["today", None]}

    predictions = textune.predict(run, table, text_column=columns)

    assert [prediction.row.text for prediction in predictions] == ["so happy [SEP] today", "so sad"]
    assert predictions[0].row.others == {"Title": "so happy", "Body": "today"}


def test_a_table_with_a_usual_text_column_is_read_by_that(
    textune_command: Any, run: Path, tmp_path: Path
) -> None:
    (tmp_path / "other.csv").write_text("id,text\n1,so happy\n")

    outcome = textune_command("predict", run, "--input", tmp_path / "other.csv", "--json")

    assert json.loads(outcome.out)["text"] == "so happy"


@pytest.mark.parametrize("options", [[], ["--set", COLUMNS]])
def test_a_conversion_predicts_the_joined_columns_as_a_prediction_does(
    textune_command: Any, run: Path, posts: Path, tmp_path: Path, options: list[str]
) -> None:
    predicted, converted = tmp_path / "predicted.jsonl", tmp_path / "converted.jsonl"

    textune_command("predict", run, "--input", posts, "--output", predicted, *options)
    outcome = textune_command("convert", posts, converted, "--to", "jsonl", "--predictions", run, *options)

    assert outcome.code == 0, outcome.err
    scores, again = (
        [json.loads(line)["score"] for line in path.read_text().splitlines()]
        for path in (predicted, converted)
    )
    assert again == pytest.approx(scores, abs=1e-6)


def test_a_run_of_one_column_joins_several_with_its_own_separator(run: Path) -> None:
    recipe = resolve_recipe("frozen", settings=[COLUMNS])

    assert stored_separator(recipe.data, run / "model").text_separator == " [SEP] "


def test_a_separator_that_is_named_wins(tiny_distilbert: str) -> None:
    recipe = resolve_recipe("frozen", model=tiny_distilbert, settings=[COLUMNS, "data.text_separator=' | '"])

    assert resolve_separator(recipe, UNWATCHED).data.text_separator == " | "


def test_a_model_without_a_separator_token_gets_a_line_break(tiny_distilbert: str, tmp_path: Path) -> None:
    from shutil import copytree

    model = copytree(tiny_distilbert, tmp_path / "model")
    change_json(model / "tokenizer_config.json", sep_token=None)
    recipe = resolve_recipe("frozen", model=str(model), settings=[COLUMNS])

    assert resolve_separator(recipe, UNWATCHED).data.text_separator == "\n"
    assert stored_separator(recipe.data, model).text_separator == "\n"


def test_one_column_needs_no_separator(tiny_distilbert: str) -> None:
    recipe = resolve_recipe("frozen", model=tiny_distilbert, settings=['data.text_column=["Title"]'])

    assert recipe.data.text_column == "Title"
    assert resolve_separator(recipe, UNWATCHED) is recipe


def test_a_folder_that_does_not_say_its_separator_needs_one_named(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="does not say what stands between") as caught:
        stored_separator(resolve_recipe("frozen", settings=[COLUMNS]).data, tmp_path)

    assert "data.text_separator=" in caught.value.hint


@pytest.mark.parametrize("columns", ['["Title", "Title"]', "[]", '["Title", ""]', "[true, 1]"])
def test_columns_that_cannot_be_joined_are_refused(columns: str) -> None:
    with pytest.raises(RecipeError, match="give different names"):
        resolve_recipe("frozen", settings=[f"data.text_column={columns}"])


def test_an_audit_joins_the_columns(textune_command: Any, posts: Path, tiny_distilbert: str) -> None:
    outcome = textune_command("audit", posts, "--model", tiny_distilbert, "--set", COLUMNS, "--json")

    assert outcome.code in (0, 1), outcome.err
    assert "with ' [SEP] ' between them" in outcome.err
