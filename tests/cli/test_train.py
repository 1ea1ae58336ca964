"""`textune train`: its options, and what it shows at the end."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from small_data import small_rows
from textune.cli.render.metrics_table import show_seeds, show_training
from textune.evaluation.document import MetricsDocument
from textune.evaluation.metrics import METRICS

ROWS = list(enumerate(small_rows(120)))
OTHERS = [
    ("--recipe", "full"),
    ("--model", "embedded:minilm"),
    ("--data", "sample:emotion"),
    ("--out", "elsewhere"),
    ("--seed", "0"),
    ("--set", "train.seed=1"),
    ("--max-minutes", "5"),
    ("--seeds", "3"),
    ("--min-precision", "0.9"),
]


@pytest.mark.parametrize("option", OTHERS, ids=[name for name, _ in OTHERS])
def test_a_run_that_is_resumed_cannot_be_changed(
    textune_command: Any, option: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    outcome = textune_command("train", "--resume", "run", *option)

    assert outcome.code == 2
    assert f"cannot be combined with {option[0]}." in outcome.err
    assert outcome.out == ""


def test_all_options_that_a_resumed_run_does_not_take_are_reported_in_one_message(
    textune_command: Any,
) -> None:
    outcome = textune_command("train", "--resume", "run", "--seed", "1", "--out", "elsewhere")

    assert outcome.code == 2
    assert outcome.err.count("error: ") == 1
    assert "cannot be combined with --out, --seed." in outcome.err
    assert "start over without --resume" in outcome.err


def test_a_run_that_is_not_there_cannot_be_resumed(textune_command: Any, tmp_path: Path) -> None:
    outcome = textune_command("train", "--resume", tmp_path / "run", "--offline", "--json")

    assert outcome.code == 2
    assert "There is no run folder" in outcome.err


@pytest.mark.parametrize("minutes", ["0", "-3", "nan", "soon"])
def test_what_is_not_a_length_of_time_is_exit_code_2(
    textune_command: Any, minutes: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    outcome = textune_command("train", "--data", "sample:emotion", "--max-minutes", minutes)

    assert outcome.code == 2
    assert "max-minutes" in outcome.err.replace("_", "-")
    assert list(tmp_path.iterdir()) == []


def test_too_little_time_is_one_message_and_leaves_no_run(
    textune_command: Any, tiny_distilbert: str, small_csv: str, tmp_path: Path
) -> None:
    names = ["--recipe", "full", "--model", tiny_distilbert, "--data", small_csv]

    outcome = textune_command("train", *names, "--out", tmp_path / "run", "--max-minutes", "0.01", "--json")

    assert outcome.code == 2
    assert "Not even one epoch fits" in outcome.err
    assert outcome.out == ""
    assert list(tmp_path.iterdir()) == []


def test_what_was_planned_is_reported_beside_the_json_document(
    textune_command: Any, tiny_distilbert: str, small_csv: str, tmp_path: Path
) -> None:
    names = ["--recipe", "full", "--model", tiny_distilbert, "--data", small_csv]
    settings = ["--set", "evaluate.baselines=false", "--set", "evaluate.bootstrap_samples=100"]

    outcome = textune_command(
        "train", *names, *settings, "--out", tmp_path / "run", "--max-minutes", "60", "--json"
    )

    assert outcome.code == 0, outcome.err
    assert "To fit the time limit" in outcome.err
    assert json.loads(outcome.out)["training"]["epochs"] == 3


def test_a_tracker_that_is_not_installed_is_reported_with_the_line_that_installs_it(
    textune_command: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    outcome = textune_command("train", "--recipe", "full", "--set", "train.report_to=wandb")

    assert outcome.code == 2
    assert "pip install wandb" in outcome.err


@pytest.mark.parametrize("missing", ["tensorflow", "keras", "keras_hub"])
def test_a_package_of_the_keras_engine_that_is_not_installed_is_reported_with_the_line_that_installs_it(
    missing: str, textune_command: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == missing else object())

    outcome = textune_command(
        "train", "--recipe", "paper", "--set", "train.engine=keras", "--out", tmp_path / "run"
    )

    assert outcome.code == 2
    assert "The Keras engine (train.engine = 'keras') needs the extra 'tensorflow'" in outcome.err
    assert "pip install 'textune[tensorflow]'" in outcome.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("option", ["--resume RUN", "--max-minutes"])
def test_help_lists_the_option(textune_command: Any, option: str) -> None:
    outcome = textune_command("train", "--help")

    assert outcome.code == 0
    assert option in " ".join(outcome.out.split())


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "--help"],
        ["train", "--resume", "run", "--seed", "1"],
        ["train", "--resume", "nowhere"],
        ["train", "--data", "sample:emotion", "--max-minutes", "nan"],
        ["train", "--recipe", "full", "--set", "train.report_to=nowhere"],
    ],
    ids=["help", "resume and change", "resume nothing", "no time", "no tracker"],
)
def test_torch_is_not_imported_for_help_or_an_early_mistake(arguments: list[str], tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from textune.cli.main import main\n"
        f"sys.argv = ['textune', *{arguments!r}]\n"
        "try:\n    main()\n"
        "except SystemExit as ended:\n    print('imported', 'torch' in sys.modules, ended.code)\n"
    )

    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path
    )

    assert result.stdout.splitlines()[-1].startswith("imported False"), result.stderr


def test_train_ends_with_the_verdict_on_fine_tuning(
    textune_command: Any, tiny_distilbert: str, small_csv: str, tmp_path: Path
) -> None:
    names = ["--model", tiny_distilbert, "--data", small_csv, "--out", tmp_path / "run"]

    outcome = textune_command("train", *names)

    sentence = json.loads((tmp_path / "run" / "metrics.json").read_text(encoding="utf-8"))["verdict"][
        "sentence"
    ]
    assert sentence in " ".join(outcome.out.split())


def test_several_seeds_are_shown_with_mean_spread_and_interval(
    textune_command: Any, tiny_distilbert: str, small_csv: str, tmp_path: Path
) -> None:
    names = ["--model", tiny_distilbert, "--data", small_csv, "--out", tmp_path / "seeds"]

    outcome = textune_command("train", *names, "--seeds", "2", "--set", "evaluate.bootstrap_samples=100")

    assert outcome.code == 0, outcome.err
    assert "± seed" in outcome.out
    # The recipe's problem is convex.
    assert "All seeds gave the same metrics" in outcome.out
    assert "Seed 1: accuracy" in outcome.err
    assert outcome.out.rstrip().splitlines()[-1].strip().startswith("textune predict")


def test_the_metrics_of_several_labels_on_many_rows_fit_a_terminal_of_80_columns(
    textune_command: Any,
    tiny_distilbert: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    data = tmp_path / "texts.jsonl"
    rows = [{"text": text, "label": [label, "long"][: 1 + index % 2]} for index, (text, label) in ROWS]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    run = tmp_path / "run"
    textune_command("train", "--model", tiny_distilbert, "--data", data, "--out", run, "--json")
    document = MetricsDocument.read(run / "metrics.json")
    many = {split: each.model_copy(update={"examples": 143_410}) for split, each in document.metrics.items()}

    show_training(document.model_copy(update={"metrics": many}), [])

    shown = capsys.readouterr().out.partition("The run is in")[0]
    assert "Hamming" in shown
    assert "…" not in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_the_widest_metrics_of_several_seeds_fit_a_terminal_of_80_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    widest = {"mean": 1.0, "standard_deviation": 0.123, "ci95": [0.999, 1.0], "values": [1.0, 1.0]}
    metrics = {"examples": 5427, **{metric.key: widest for metric in METRICS.values()}}
    document = {"recipe": "full", "model": "m", "source": "s", "seeds": [0, 1], "metrics": {"test": metrics}}

    show_seeds({**document, "run": "runs/x", "best": "runs/x/seed-0", "seconds": {"total": 1.0}})

    shown = capsys.readouterr().out
    assert "ranking average precision" in shown
    assert "…" not in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_seeds_and_a_limit_of_time_are_refused_with_the_way_out(
    textune_command: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    outcome = textune_command("train", "--data", "x.csv", "--seeds", "2", "--max-minutes", "1")

    assert outcome.code == 2
    assert "--recipe RUN/recipe.toml --seeds" in outcome.err
    assert list(tmp_path.iterdir()) == []


def test_train_takes_a_precision_and_shows_what_it_costs(
    textune_command: Any, tiny_distilbert: str, small_csv: str, tmp_path: Path
) -> None:
    names = ["--model", tiny_distilbert, "--data", small_csv, "--out", tmp_path / "run"]

    outcome = textune_command("train", *names, "--min-precision", "0.3")

    assert outcome.code == 0
    assert "answering only confident texts" in outcome.out
    assert "at least 30 % of the labels are right" in " ".join(outcome.out.split())


@pytest.mark.parametrize("command", ["train", "evaluate"])
@pytest.mark.parametrize("share", ["90", "1", "-0.5"])
def test_what_is_not_a_share_is_exit_code_2(
    textune_command: Any, run: Path, small_csv: str, command: str, share: str
) -> None:
    names = [run] if command == "evaluate" else ["--data", small_csv]

    outcome = textune_command(command, *names, "--min-precision", share)

    assert outcome.code == 2
    assert "min_precision" in outcome.err
