"""`textune watch --log`: a server's log by hour or day, for the terminal, as JSON, and as a picture."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import textune
from small_data import small_rows, write_small_csv
from textune.logbook.log_estimate import read_log_estimate
from textune.logbook.log_journal import LogJournal
from textune.logbook.logged_request import LoggedRequest, LogHeader, to_bytes
from textune.run.layout import Run, model_sha256

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC).timestamp()

pytestmark = pytest.mark.usefixtures("few_shifts")


@pytest.fixture(scope="module")
def run(tiny_distilbert: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("watched")
    data = str(write_small_csv(folder / "texts.csv", 300))
    settings = ["data.validation_fraction=0.4", "evaluate.baselines=false"]
    return textune.train(
        "frozen", model=tiny_distilbert, data=data, out=folder / "run", settings=settings
    ).run


def keep(
    run: Path,
    folder: Path,
    hours: Sequence[tuple[float, int]],
    *,
    has_texts: bool = False,
    width: int | None = None,
) -> Path:
    """Write what a server of the run would keep of so many texts at each hour after noon."""
    predictor = textune.load(run, runtime="torch")
    texts = [text for text, _ in small_rows(sum(count for _, count in hours), seed=5)]
    features, logits = predictor.features_and_logits(predictor.tokenize(texts).rows)
    assert features is not None
    header = LogHeader(
        "run",
        model_sha256(Run(run)),
        "single_label_classification",
        predictor.label_names,
        features.shape[1] if width is None else width,
        has_texts=has_texts,
    )
    folder.mkdir(exist_ok=True)
    first = 0
    for hour, count in hours:
        journal = LogJournal(folder, header, began=NOON + hour * 3600)
        for row in range(first, first + count):
            chosen = slice(row, row + 1)
            truncated = logits[chosen, 0] > 1e9
            numbers = (logits[chosen], truncated, features[chosen])
            request = LoggedRequest(NOON + hour * 3600 + 1, f"{row}", *numbers, texts[chosen])
            journal.append([to_bytes(request, header)])
        journal.close()
        first += count
    return folder


@pytest.fixture(scope="module")
def log(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log with 100 texts at noon, 10 an hour later, and 120 on the next day."""
    return keep(run, tmp_path_factory.mktemp("log") / "log", [(0, 100), (1, 10), (24, 120)])


def test_it_shows_a_line_for_each_day(textune_command: Any, run: Path, log: Path) -> None:
    outcome = textune_command("watch", run, "--log", log)

    assert outcome.code == 0, outcome.err
    lines = [line.split() for line in outcome.out.splitlines()]
    assert [words[1] for words in lines if words[:1] in (["2026-11-30"], ["2026-12-01"])] == ["110", "120"]
    assert "unlike any met" in outcome.out


def test_by_the_hour_nothing_is_said_of_too_few_texts(textune_command: Any, run: Path, log: Path) -> None:
    outcome = textune_command("watch", run, "--log", log, "--by", "hour")

    lines = [line.split() for line in outcome.out.splitlines() if line.split()[:1] == ["2026-11-30"]]
    assert [words[1:3] for words in lines] == [["12:00", "100"], ["13:00", "10"]]
    assert lines[1][3] == "-"
    assert "Nothing is said of fewer than 50 texts." in outcome.out


def test_json_is_one_document_with_what_is_said_of_each_period(
    textune_command: Any, run: Path, log: Path
) -> None:
    document = json.loads(textune_command("watch", run, "--log", log, "--by", "hour", "--json").out)

    assert document["by"] == "hour"
    assert [period["start"][:13] for period in document["periods"]] == [
        *("2026-11-30T12", "2026-11-30T13", "2026-12-01T12")
    ]
    said = [period.keys() >= {"estimates", "refusal", "labels"} for period in document["periods"]]
    assert said == [True, False, True]


def test_servers_find_the_last_estimate_in_the_folder(textune_command: Any, run: Path, log: Path) -> None:
    document = json.loads(textune_command("watch", run, "--log", log, "--json").out)

    estimate = read_log_estimate(log)
    assert estimate is not None
    assert estimate.model_sha256 == model_sha256(Run(run))
    assert datetime.fromtimestamp(estimate.ended, UTC).isoformat() == "2026-12-02T00:00:00+00:00"
    last = document["periods"][-1]
    assert estimate.texts == last["total"] == 120
    assert (estimate.value is None) == (last["refusal"] is not None)


def test_the_picture_is_an_svg_of_estimates_and_labels(
    textune_command: Any, run: Path, log: Path, tmp_path: Path
) -> None:
    outcome = textune_command("watch", run, "--log", log, "--picture", tmp_path / "time.svg")

    drawn = (tmp_path / "time.svg").read_text(encoding="utf-8")
    assert drawn.startswith("<svg")
    assert "days since 2026-11-30 00:00 UTC" in drawn
    assert "Share of labels" in drawn
    assert str(tmp_path / "time.svg") in outcome.out.replace("\n", "")


def test_texts_are_read_again_where_there_are_no_features(
    textune_command: Any, run: Path, log: Path, tmp_path: Path
) -> None:
    with_texts = keep(run, tmp_path / "log", [(0, 100)], has_texts=True, width=0)
    kept = keep(run, tmp_path / "kept", [(0, 100)])

    documents = [
        json.loads(textune_command("watch", run, "--log", folder, "--json").out)["periods"][0]
        for folder in (with_texts, kept)
    ]

    assert documents[0]["outside_share"] == pytest.approx(documents[1]["outside_share"], abs=0.01)
    assert documents[0]["total"] == documents[1]["total"]


def test_a_log_without_features_and_texts_is_refused_with_what_to_do(
    textune_command: Any, run: Path, tmp_path: Path
) -> None:
    outcome = textune_command("watch", run, "--log", keep(run, tmp_path / "log", [(0, 100)], width=0))

    assert outcome.code == 2
    assert "neither features nor texts" in " ".join(outcome.err.split())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "Give either new texts or --log"),
        (["new.csv", "--log", "x"], "Give either new texts or --log"),
        (["--log", "x", "--report"], "--log takes none of"),
        (["new.csv", "--picture", "x.svg"], "needs --log"),
        (["--log", "x", "--by", "week"], "'week' is not a period"),
        (["--log", "x", "--texts", "0"], "0 is not a number of texts"),
        (["--log", "nosuch"], "There is no folder nosuch"),
    ],
)
def test_what_makes_no_sense_is_refused(
    textune_command: Any, run: Path, options: list[str], message: str
) -> None:
    outcome = textune_command("watch", run, *options)

    assert outcome.code == 2
    assert message in " ".join(outcome.err.split())


@pytest.mark.parametrize("name", ["time.png", "folder.svg"])
def test_a_picture_that_cannot_be_written_is_refused_before_anything_is_read(
    textune_command: Any, run: Path, log: Path, name: str, tmp_path: Path
) -> None:
    (tmp_path / "folder.svg").mkdir()

    outcome = textune_command("watch", run, "--log", log, "--picture", tmp_path / name)

    assert outcome.code == 2
    assert "Name a file that ends in .svg." in outcome.err
    assert [path.name for path in tmp_path.iterdir()] == ["folder.svg"]
