"""`textune audit` on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pair_data import write_pair_csv
from small_data import small_rows
from source_files import write_csv
from textune.cli.render.audit_table import printable
from textune.encoder.embedded import model_option


@pytest.fixture(autouse=True)
def in_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let files that are named by default fall into a folder of their own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")


@pytest.fixture
def leaky(tmp_path: Path) -> Path:
    """A folder of splits; 1 of 40 test rows is in train, and a text holds a terminal's commands."""
    folder = tmp_path / "leaky"
    folder.mkdir()
    rows = small_rows(120)
    rows[7] = ("[bold]so\x1b[2J happy[/bold] \ufffd", rows[7][1])
    write_csv(folder / "train.csv", rows)
    write_csv(folder / "test.csv", [*small_rows(39, seed=1), rows[0]])
    return folder


def test_json_has_the_findings_and_nothing_else(textune_command: Any, leaky: Path) -> None:
    outcome = textune_command("audit", leaky, "--quick", "--json")

    document = json.loads(outcome.out)
    assert outcome.code == 0
    assert list(document) == ["findings"]
    assert [list(finding) for finding in document["findings"]] == [
        ["id", "severity", "title", "count", "rows", "advice"]
    ] * len(document["findings"])


def test_rows_in_json_have_split_number_text_and_place(textune_command: Any, leaky: Path) -> None:
    findings = json.loads(textune_command("audit", leaky, "--quick", "--json").out)["findings"]

    (leak,) = (finding for finding in findings if finding["id"] == "D004")
    text = small_rows(1)[0][0]
    assert (leak["severity"], leak["count"]) == ("error", 1)
    assert [(row["split"], row["row"], row["text"]) for row in leak["rows"]] == [
        ("train", 0, text),
        ("test", 39, text),
    ]
    assert [row["place"] for row in leak["rows"]] == ["line 2", "line 41"]


def test_strict_exits_with_2_on_leakage_and_still_shows_it(textune_command: Any, leaky: Path) -> None:
    outcome = textune_command("audit", leaky, "--quick", "--strict")

    assert outcome.code == 2
    assert "D004" in outcome.out


def test_strict_exits_with_0_where_there_is_no_error(textune_command: Any, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "posts.csv", small_rows(120))

    assert textune_command("audit", path, "--quick", "--strict").code == 0


def test_the_view_names_the_check_the_place_and_the_advice(textune_command: Any, leaky: Path) -> None:
    shown = textune_command("audit", leaky, "--quick").out

    assert "1 row of test (2.5 %) also in train" in shown
    assert "test line 41" in shown
    assert "Delete them from train" in shown


def test_the_view_ends_with_the_command_to_try_next(textune_command: Any, leaky: Path) -> None:
    lines = textune_command("audit", leaky, "--quick").out.rstrip().splitlines()

    assert lines[-1] == f"  textune train{model_option()} --data {leaky}"


def test_the_next_command_reads_the_data_as_the_audit_did(textune_command: Any, tmp_path: Path) -> None:
    path = write_pair_csv(tmp_path / "questions.csv")
    settings = ["--set", "data.text_column=question", "--set", "data.text_pair_column=answer"]

    lines = textune_command("audit", path, "--quick", *settings).out.rstrip().splitlines()

    assert lines[-1] == f"  textune train{model_option()} --data {path} {' '.join(settings)}"


def test_what_training_refuses_is_to_be_fixed_first(textune_command: Any, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "posts.csv", [("", "joy"), *small_rows(60)])

    lines = textune_command("audit", path, "--quick").out.rstrip().splitlines()

    assert lines[-1] == f"  textune audit {path}"


def test_the_suspects_file_is_reported_and_is_the_next_thing_to_read(
    textune_command: Any, tmp_path: Path, tiny_distilbert: str
) -> None:
    rows = small_rows(150)
    rows[3:6] = [(text, "joy" if label != "joy" else "anger") for text, label in rows[3:6]]
    path = write_csv(tmp_path / "posts.csv", rows)

    outcome = textune_command("audit", path, "--model", tiny_distilbert)

    assert (tmp_path / "suspects-posts.csv").exists()
    assert "written to suspects-posts.csv" in outcome.err
    assert "Review suspects-posts.csv from the top" in outcome.out


def test_a_text_cannot_command_the_terminal_nor_the_table(textune_command: Any, leaky: Path) -> None:
    shown = textune_command("audit", leaky, "--quick").out

    assert "\x1b" not in shown
    assert "[bold]so\\x1b[2J happy[/bold]" in shown


def test_the_view_fits_a_terminal_of_80_columns(
    textune_command: Any, leaky: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    shown = textune_command("audit", leaky, "--quick").out.rpartition("  textune train")[0]

    assert max(map(len, shown.splitlines())) <= 80


def test_rows_decide_how_many_are_shown(textune_command: Any, leaky: Path) -> None:
    shown = textune_command("audit", leaky, "--quick", "--rows", "1").out

    assert "and 1 more row (--rows N, or --json)" in shown
    assert "test line 41" not in shown


def test_checks_that_found_nothing_and_those_that_were_left_out_are_named(
    textune_command: Any, leaky: Path
) -> None:
    shown = " ".join(textune_command("audit", leaky, "--quick").out.split())

    assert "Nothing found: " in shown
    assert "Skipped: label noise, length and truncation" in shown


def test_a_missing_file_is_one_message_and_exit_code_2(textune_command: Any) -> None:
    outcome = textune_command("audit", "no-such.csv")

    assert outcome.code == 2
    assert outcome.err.startswith("error: There is no file or folder no-such.csv.")
    assert "Traceback" not in outcome.err


def test_a_long_text_is_shown_on_one_line() -> None:
    assert printable("so\n happy\t\u202e " + "x" * 500).startswith("so happy \\u202e xxx")
    assert "\n" not in printable("a\nb\rc")
