"""The command line: what it prints, where, and with which exit code."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import textune
from made_packages import NAME, install_in_parts
from small_data import write_small_csv
from textune.cli.application import app
from textune.context import UNWATCHED
from textune.discovery import import_files
from textune.encoder.unpacking import unpack


def test_train_prints_one_json_document_and_nothing_else(
    textune_command: Any, model: str, data: str, tmp_path: Path
) -> None:
    outcome = textune_command("train", "--model", model, "--data", data, "--out", tmp_path / "run", "--json")

    document = json.loads(outcome.out)
    assert outcome.code == 0
    assert document == json.loads((tmp_path / "run" / "metrics.json").read_text(encoding="utf-8"))


def test_train_ends_with_a_table_and_the_command_to_try_next(
    textune_command: Any, model: str, data: str, tmp_path: Path
) -> None:
    outcome = textune_command("train", "--model", model, "--data", data, "--out", tmp_path / "run")

    assert outcome.code == 0
    assert "majority class" in outcome.out
    assert outcome.out.rstrip().splitlines()[-1].strip().startswith("textune predict")


def test_the_table_fits_a_terminal_of_80_columns_without_cutting_a_number(
    textune_command: Any, model: str, data: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    outcome = textune_command(
        "train", "--recipe", "paper", "--model", model, "--data", data, "--out", tmp_path / "run"
    )

    assert "…" not in outcome.out
    shown = outcome.out.partition("The run is in")[0]
    assert max(map(len, shown.splitlines())) <= 80


def test_the_studys_results_stand_beside_no_other_data(
    textune_command: Any, model: str, data: str, tmp_path: Path
) -> None:
    outcome = textune_command(
        "train", "--recipe", "paper", "--model", model, "--data", data, "--out", tmp_path / "run"
    )

    assert "published study" not in outcome.out


def test_progress_and_notes_go_to_standard_error(
    textune_command: Any, model: str, data: str, tmp_path: Path
) -> None:
    outcome = textune_command("train", "--model", model, "--data", data, "--out", tmp_path / "run")

    assert "There is no validation or test split" in outcome.err
    assert "There is no validation" not in outcome.out


def test_evaluate_gives_the_metrics_of_the_training(textune_command: Any, trained: Path) -> None:
    outcome = textune_command("evaluate", trained, "--json")

    document = json.loads(outcome.out)
    written = json.loads((trained / "metrics.json").read_text(encoding="utf-8"))
    assert document["metrics"] == {"test": written["metrics"]["test"]}
    assert [document[key] for key in ("run", "recipe", "model", "source")] == [
        written[key] for key in ("run", "recipe", "model", "source")
    ]


def test_evaluate_measures_all_rows_of_another_table(textune_command: Any, run: Path, tmp_path: Path) -> None:
    other = write_small_csv(tmp_path / "other.csv", 40, seed=9)

    outcome = textune_command("evaluate", run, "--data", other, "--json")

    assert json.loads(outcome.out)["metrics"]["test"]["examples"] == 40


def test_evaluate_shows_a_table(textune_command: Any, run: Path) -> None:
    outcome = textune_command("evaluate", run, "--split", "validation")

    assert outcome.code == 0
    assert "validation" in outcome.out


def test_recipes_lists_and_shows(textune_command: Any) -> None:
    assert "paper" in textune_command("recipes").out
    assert textune_command("recipes", "paper").out.startswith("# The published case study")


def test_the_cache_is_listed_and_cleared(textune_command: Any, run: Path) -> None:
    listed = json.loads(textune_command("cache", "list", "--json").out)
    cleared = textune_command("cache", "clear").out

    assert any("texts.csv" in entry["description"] for entry in listed["entries"])
    assert cleared.startswith(f"Deleted {len(listed['entries'])} entries")
    assert json.loads(textune_command("cache", "list", "--json").out)["entries"] == []


def test_an_unpacked_model_is_listed_and_cleared_like_other_entries(
    textune_command: Any, tiny_models: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEXTUNE_CACHE", str(tmp_path / "cache"))
    unpack(install_in_parts(tmp_path / "site", tiny_models("bert"), monkeypatch), UNWATCHED)

    (entry,) = json.loads(textune_command("cache", "list", "--json").out)["entries"]
    table = textune_command("cache", "list").out
    cleared = textune_command("cache", "clear").out

    assert (entry["kind"], entry["description"]) == ("model", f"{NAME} · unpacked")
    assert f"{NAME} · unpacked" in table
    assert cleared.startswith("Deleted 1 entries")
    assert json.loads(textune_command("cache", "list", "--json").out)["entries"] == []


def test_the_version_is_the_packages(textune_command: Any) -> None:
    assert textune_command("--version").out == f"textune {textune.__version__}\n"


def test_the_version_is_the_same_where_typer_answers(textune_command: Any) -> None:
    assert textune_command("--version", "train").out == textune_command("--version").out


def test_every_command_is_in_the_file_of_its_name() -> None:
    import_files("textune.cli")

    callbacks = [command.callback for command in app.registered_commands if command.callback]
    assert [each.__module__ for each in callbacks] == [f"textune.cli.{each.__name__}" for each in callbacks]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "--recipe", "frozn"], "no recipe 'frozn'. Did you mean frozen?"),
        (["train", "--set", "train.sed=1", "--set", "x"], "2 faults"),
        (["train"], "There is no data to load"),
        (["train", "--data", "nowhere.csv"], "no file or folder nowhere.csv"),
        (["train", "--data", "sample:emotions"], "no sample 'emotions'"),
        (["predict", "nowhere", "text"], "no run folder at nowhere"),
        (["predict", "nowhere"], "nothing to classify"),
        (["evaluate", "nowhere"], "no run folder at nowhere"),
        (["evaluate", "nowhere", "--split", "tset"], "no split 'tset'"),
        (["recipes", "papr"], "Did you mean paper?"),
        (["evaluate", "nowhere", "--data", ""], "no run folder at nowhere"),
        (["train", "--data", "sample:emotion", "--out", ""], "name is empty"),
        (["train", "--data", "sample:emotion", "--out", "/dev/null/run"], "/dev/null is a file"),
        (["train", "--set", "train.learning_rate=inf"], "finite number"),
        (["train", "--set", "train.weight_decay=[1]"], "one fault"),
    ],
)
def test_a_wrong_request_is_one_message_and_exit_code_2(
    textune_command: Any, arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    outcome = textune_command(*arguments)

    assert outcome.code == 2
    assert outcome.out == ""
    assert message in outcome.err
    assert "Traceback" not in outcome.err
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_option_is_exit_code_2(textune_command: Any) -> None:
    assert textune_command("train", "--datta", "x").code == 2


def test_a_failure_nobody_foresaw_is_one_message_and_exit_code_1(
    textune_command: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr("textune.recipe.recipes.recipe_names", fail)

    outcome = textune_command("recipes")

    assert outcome.code == 1
    assert "ZeroDivisionError: by zero" in outcome.err
    assert "--debug" in outcome.err
    assert "Traceback" not in outcome.err


def test_debug_shows_the_traceback_and_keeps_the_exit_code(textune_command: Any) -> None:
    outcome = textune_command("predict", "nowhere", "text", "--debug")

    assert outcome.code == 2
    assert "Traceback" in outcome.err
    assert "no run folder at nowhere" in outcome.err


def test_all_settings_are_listed_with_their_documentation(textune_command: Any) -> None:
    outcome = textune_command("recipes", "--settings")

    assert "# The initial learning rate.\nlearning_rate = 0.001" in outcome.out


def test_names_that_look_like_markup_are_shown_as_they_are(
    textune_command: Any, model: str, tmp_path: Path
) -> None:
    (tmp_path / "d[").mkdir()
    data = write_small_csv(tmp_path / "d[" / "red].csv", 150)

    outcome = textune_command("train", "--model", model, "--data", data, "--out", tmp_path / "run")

    assert outcome.code == 0, outcome.err
    assert "d[/red].csv" in outcome.out.replace("\n", "")


def test_a_reader_that_leaves_early_causes_no_traceback(run: Path) -> None:
    command = f"{sys.executable} -m textune recipes paper | head -n 1"

    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)

    assert result.stdout.startswith("# The published case study")
    assert result.stderr == ""


def test_what_a_small_test_split_can_show_is_said_at_the_end(
    textune_command: Any, model: str, data: str, tmp_path: Path
) -> None:
    outcome = textune_command("train", "--model", model, "--data", data, "--out", tmp_path / "run")

    assert "With only 30 test rows, accuracy is known to within about" in " ".join(outcome.out.split())
