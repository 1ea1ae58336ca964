"""Commands that show how certain a result is: `compare`, `train --seeds`, and the verdict of `train`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import textune
from small_data import small_rows, write_small_csv


@pytest.fixture(scope="module")
def run(tiny_distilbert: str, small_csv: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "run"
    return textune.train("frozen", model=tiny_distilbert, data=small_csv, out=out).run


def test_compare_shows_a_table_and_the_sentence(textune_command: Any, run: Path) -> None:
    outcome = textune_command("compare", run, run)

    assert outcome.code == 0
    assert "McNemar" in outcome.out
    assert "No difference: " in outcome.out


def test_compare_json_is_one_document_with_the_differences(textune_command: Any, run: Path) -> None:
    document = json.loads(textune_command("compare", run, run, "--json").out)

    assert document["macro_f1"]["difference"] == 0
    assert document["outcome"] == "same"
    assert document["mcnemar"]["p_value"] == 1


def test_compare_with_one_run_takes_its_better_baseline(textune_command: Any, run: Path) -> None:
    document = json.loads(textune_command("compare", run, "--json").out)
    trained = json.loads((run / "metrics.json").read_text(encoding="utf-8"))

    assert document["second"] in trained["baselines"]
    assert document["macro_f1"]["second"] == max(
        baseline["macro_f1"] for baseline in trained["baselines"].values()
    )


def test_the_verdict_is_the_comparison_with_the_better_baseline(textune_command: Any, run: Path) -> None:
    compared = json.loads(textune_command("compare", run, "--json").out)
    verdict = json.loads((run / "metrics.json").read_text(encoding="utf-8"))["verdict"]

    assert {key: verdict[key] for key in ("macro_f1", "accuracy", "log_loss", "mcnemar", "outcome")} == {
        key: compared[key] for key in ("macro_f1", "accuracy", "log_loss", "mcnemar", "outcome")
    }


def test_train_ends_with_the_verdict_on_fine_tuning(
    textune_command: Any, tiny_distilbert: str, small_csv: str, tmp_path: Path
) -> None:
    names = ["--model", tiny_distilbert, "--data", small_csv, "--out", tmp_path / "run"]

    outcome = textune_command("train", *names)

    sentence = json.loads((tmp_path / "run" / "metrics.json").read_text(encoding="utf-8"))["verdict"][
        "sentence"
    ]
    assert sentence in " ".join(outcome.out.split())


@pytest.mark.parametrize("second", [["nowhere"], []], ids=["second", "first"])
def test_compare_with_a_run_that_is_not_there_is_exit_code_2(
    textune_command: Any, run: Path, second: list[str], tmp_path: Path
) -> None:
    outcome = textune_command("compare", *([run, *second] if second else [tmp_path / "nowhere"]))

    assert outcome.code == 2
    assert "no run folder at" in outcome.err
    assert outcome.out == ""


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


def test_seeds_and_a_limit_of_time_are_refused_with_the_way_out(
    textune_command: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    outcome = textune_command("train", "--data", "x.csv", "--seeds", "2", "--max-minutes", "1")

    assert outcome.code == 2
    assert "--recipe RUN/recipe.toml --seeds" in outcome.err
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def abstaining(tiny_distilbert: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that gives a label only if it is confident enough."""
    folder = tmp_path_factory.mktemp("abstaining")
    data = str(write_small_csv(folder / "texts.csv", 300))
    settings = ["data.validation_fraction=0.4", "evaluate.min_precision=0.7"]
    return textune.train(
        "frozen", model=tiny_distilbert, data=data, out=folder / "run", settings=settings
    ).run


@pytest.fixture(scope="module")
def sure_and_unsure(abstaining: Path) -> tuple[str, str]:
    """The texts on which that run is most and least confident; which these are depends on the processor."""
    texts = [text for text, _ in small_rows(60, seed=5)]
    scores = textune.load(abstaining).predict_proba(texts).max(axis=1)
    return texts[scores.argmax()], texts[scores.argmin()]


def test_predict_json_says_where_it_abstained(
    textune_command: Any, abstaining: Path, sure_and_unsure: tuple[str, str]
) -> None:
    outcome = textune_command("predict", abstaining, *sure_and_unsure, "--json")

    sure, unsure = (json.loads(line) for line in outcome.out.splitlines())
    keys = ["text", "label", "score", "scores", "abstained"]
    assert (list(sure), list(unsure)) == (keys, keys)
    assert (sure["label"], sure["abstained"]) == (max(sure["scores"], key=sure["scores"].get), False)
    assert (unsure["label"], unsure["abstained"]) == (None, True)
    assert unsure["score"] < textune.load(abstaining).threshold <= sure["score"]
    assert "1 of 2 texts are left without a label" in outcome.err


def test_predict_shows_where_it_abstained(
    textune_command: Any, abstaining: Path, sure_and_unsure: tuple[str, str]
) -> None:
    _, unsure = sure_and_unsure

    outcome = textune_command("predict", abstaining, unsure)

    assert outcome.out.startswith("(abstained)")
    assert outcome.out.endswith(f"{unsure}\n")


def test_train_takes_a_precision_and_shows_what_it_costs(
    textune_command: Any, tiny_distilbert: str, small_csv: str, tmp_path: Path
) -> None:
    names = ["--model", tiny_distilbert, "--data", small_csv, "--out", tmp_path / "run"]

    outcome = textune_command("train", *names, "--min-precision", "0.3")

    assert outcome.code == 0
    assert "answering only confident texts" in outcome.out
    assert "at least 30 % of the labels are right" in " ".join(outcome.out.split())


def test_evaluate_gives_a_run_a_threshold_and_shows_what_it_does(
    textune_command: Any, abstaining: Path
) -> None:
    outcome = textune_command("evaluate", abstaining, "--min-precision", "0.65")

    assert outcome.code == 0
    assert "A text gets a label only if its probability is" in outcome.out
    assert json.loads((abstaining / "model" / "abstention.json").read_text())["min_precision"] == 0.65


@pytest.mark.parametrize("command", ["train", "evaluate"])
@pytest.mark.parametrize("share", ["90", "1", "-0.5"])
def test_what_is_not_a_share_is_exit_code_2(
    textune_command: Any, run: Path, small_csv: str, command: str, share: str
) -> None:
    names = [run] if command == "evaluate" else ["--data", small_csv]

    outcome = textune_command(command, *names, "--min-precision", share)

    assert outcome.code == 2
    assert "min_precision" in outcome.err
