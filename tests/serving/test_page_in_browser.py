"""The page in a real browser, in front of a trained run: what a person types or chooses is classified."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import textune
from browser import Browser, Page
from outside_data import halve_run
from pair_data import pair_rows, write_pair_csv
from serving_process import ServerProcess, serving
from small_data import small_rows
from textune.commands.predict import predict
from textune.data.dataset import SINGLE_LABEL
from textune.evaluation.metrics import metrics_of

BARS = "[...document.querySelectorAll('#bars li')]"
TABLE = "[...document.querySelectorAll('#rows tbody tr')]"
TEXTS = [text for text, _ in small_rows(9, seed=7)]
METRICS_HEAD = "[...document.querySelector('#metrics thead').rows[0].cells]"


@pytest.fixture(scope="module")
def trained_run(tiny_distilbert: str, small_csv: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that a tiny training has left."""
    out = tmp_path_factory.mktemp("trained") / "run"
    return textune.train("frozen", model=tiny_distilbert, data=small_csv, out=out).run


@pytest.fixture(scope="module")
def server(trained_run: Path) -> Iterator[ServerProcess]:
    with serving(trained_run) as server:
        yield server


@pytest.fixture
def page(chromium: Browser, server: ServerProcess) -> Page:
    """The server's page, open and ready: its metrics are drawn last."""
    page = chromium.open(server.url)
    page.wait_until("document.querySelector('#metrics table') !== null")
    return page


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A CSV file with the texts in its second column."""
    path = tmp_path / "table.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["id", "text"], *enumerate(TEXTS)])
    return path


def test_a_text_that_is_typed_gets_a_bar_for_every_label(page: Page, trained_run: Path) -> None:
    predictor = textune.load(trained_run)

    page.type_text("#text", TEXTS[0])
    page.wait_until(f"{BARS}.length > 0")

    labels = page.evaluate(f"{BARS}.map((bar) => bar.querySelector('.label').textContent)")
    percents = page.evaluate(f"{BARS}.map((bar) => parseFloat(bar.querySelector('.percent').textContent))")
    expected = dict(zip(predictor.label_names, predictor.predict_proba(TEXTS[:1])[0] * 100, strict=True))
    assert dict(zip(labels, percents, strict=True)) == pytest.approx(expected, abs=0.06)
    assert page.complaints() == []


def test_a_file_that_is_chosen_becomes_a_table_of_labels(page: Page, trained_run: Path, table: Path) -> None:
    page.choose_file("#file", table)
    page.wait_until("document.querySelector('#file-form').offsetParent !== null")
    page.evaluate("document.querySelector('#start').click()")
    page.wait_until(f"{TABLE}.length > 0")

    rows = page.evaluate(f"{TABLE}.map((row) => [...row.cells].slice(0, 2).map((cell) => cell.textContent))")
    labels = textune.load(trained_run).predict(TEXTS)
    assert rows == [list(row) for row in zip(TEXTS, labels, strict=True)]
    assert page.evaluate("document.querySelector('#download').offsetParent !== null")
    assert page.complaints() == []


def test_the_page_shows_every_measured_metric_of_the_table(page: Page) -> None:
    titles = page.evaluate(f"{METRICS_HEAD}.slice(1).map((cell) => cell.textContent.toLowerCase())")

    assert titles == [metric.title.lower() for metric in metrics_of(SINGLE_LABEL).values()]
    assert page.complaints() == []


def test_the_page_shows_a_new_metric_and_copes_with_missing_ones(page: Page) -> None:
    new = {"key": "new", "title": "brand new", "unit": "%", "direction": "higher"}
    missing = {**new, "key": "missing"}
    measured = {"test": {"examples": 2, "new": 0.5, "new_ci95": [0.4, 0.6]}}
    info = {
        "metrics": [missing, new],
        "baselines": {"guess": "guessing"},
        "figures": {"metrics": measured, "baselines": {"guess": {}}},
    }

    page.evaluate(
        "import(new URL('page/drawing.js', location.href)).then((drawing) => "
        f"drawing.drawMetrics(document.querySelector('#metrics'), {json.dumps(info)}))"
    )

    rows = "[...document.querySelector('#metrics tbody').rows]"
    assert page.evaluate(f"{METRICS_HEAD}.map((cell) => cell.textContent)") == ["", "Brand new"]
    shown = page.evaluate(f"{rows}.map((row) => [...row.cells].map((cell) => cell.textContent))")
    assert shown == [["this model", "50.0 % ±10.0"], ["guessing", "(none)"]]
    assert page.complaints() == []


def classified(page: Page, table: Path) -> list[dict[str, str]]:
    """Let the page classify a table; return the rows of the table that it offers."""
    page.evaluate(
        "(() => { const make = URL.createObjectURL; URL.createObjectURL = (blob) => {"
        " blob.text().then((text) => { window.csv = text; }); return make(blob); }; })()"
    )
    page.choose_file("#file", table)
    page.wait_until("document.querySelector('#file-form').offsetParent !== null")
    page.evaluate("document.querySelector('#start').click()")
    page.wait_until("window.csv !== undefined")
    return list(csv.DictReader(io.StringIO(page.evaluate("window.csv"))))


@pytest.fixture(scope="module")
def label_server(label_run: Path) -> Iterator[ServerProcess]:
    with serving(label_run, "--runtime", "onnx") as server:
        yield server


@pytest.fixture
def label_page(chromium: Browser, label_server: ServerProcess) -> Page:
    """The page of a run whose texts can have several labels."""
    page = chromium.open(label_server.url)
    page.wait_until("document.querySelector('#metrics').textContent !== 'No metrics yet.'")
    return page


def test_every_label_of_a_text_that_can_have_several_has_a_bar_with_its_threshold(
    label_page: Page, label_run: Path
) -> None:
    predictor: Any = textune.load(label_run, runtime="onnx")
    labels, text = max(zip(predictor.predict(TEXTS), TEXTS, strict=True), key=lambda pair: len(pair[0]))

    label_page.type_text("#text", text)
    label_page.wait_until("document.querySelectorAll('#words .word').length > 0")

    names = "map((bar) => bar.querySelector('.label').textContent)"
    marks = label_page.evaluate(f"{BARS}.map((bar) => parseFloat(bar.querySelector('.mark').style.left))")
    shown = dict(zip(label_page.evaluate(f"{BARS}.{names}"), marks, strict=True))
    thresholds = dict(zip(predictor.label_names, predictor.thresholds * 100, strict=True))
    reached = label_page.evaluate(f"{BARS}.filter((bar) => bar.classList.contains('reached')).{names}")
    summary = label_page.evaluate("document.querySelector('#summary').textContent")
    assert sorted(reached) == labels
    assert [part.split()[0] for part in summary.split(", ")] == reached
    assert shown == pytest.approx(thresholds, abs=0.01)
    assert label_page.complaints() == []


def test_a_label_that_is_chosen_is_explained(label_page: Page) -> None:
    label_page.type_text("#text", TEXTS[0])
    label_page.wait_until("document.querySelectorAll('#words .word').length > 0")
    last = label_page.evaluate(f"{BARS}.at(-1).querySelector('.label').textContent")

    label_page.evaluate(f"{BARS}.at(-1).querySelector('button').click()")

    label_page.wait_until(f"document.querySelector('#words-title').textContent.includes('“{last}”')")
    assert label_page.complaints() == []


def test_a_file_becomes_the_table_that_the_command_writes(
    label_page: Page, label_run: Path, table: Path, tmp_path: Path
) -> None:
    predict(label_run, input_file=str(table), output=tmp_path / "out.csv", runtime="onnx")

    by_page = classified(label_page, table)
    by_command = list(csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text(encoding="utf-8"))))
    assert list(by_page[0]) == list(by_command[0])
    assert [(row["id"], row["labels"]) for row in by_page] == [
        (row["id"], row["labels"]) for row in by_command
    ]
    shown = label_page.evaluate(f"{TABLE}.map((row) => row.cells[1].textContent)")
    assert [row == "(none)" for row in shown] == [not row["labels"] for row in by_command]
    assert label_page.complaints() == []


PAIRS = [pair for pair, _ in pair_rows(9, seed=7)]


@pytest.fixture(scope="module")
def pair_server(pair_run: Path) -> Iterator[ServerProcess]:
    with serving(pair_run, "--runtime", "onnx") as server:
        yield server


@pytest.fixture
def pair_page(chromium: Browser, pair_server: ServerProcess) -> Page:
    """The page of a run on pairs of texts."""
    page = chromium.open(pair_server.url)
    page.wait_until("document.querySelector('#text-pair').offsetParent !== null")
    return page


def test_a_pair_that_is_typed_is_classified_and_its_words_stand_apart(
    pair_page: Page, pair_run: Path
) -> None:
    predictor = textune.load(pair_run, runtime="onnx")

    pair_page.type_text("#text", PAIRS[0].first)
    assert pair_page.evaluate("document.querySelector('#single').hidden")
    pair_page.type_text("#text-pair", PAIRS[0].second)
    pair_page.wait_until("document.querySelectorAll('#words-pair .word').length > 0")

    labels = pair_page.evaluate(f"{BARS}.map((bar) => bar.querySelector('.label').textContent)")
    percents = pair_page.evaluate(
        f"{BARS}.map((bar) => parseFloat(bar.querySelector('.percent').textContent))"
    )
    expected = dict(zip(predictor.label_names, predictor.predict_proba(PAIRS[:1])[0] * 100, strict=True))
    texts = [
        pair_page.evaluate(f"document.querySelector('#{id}').textContent") for id in ("words", "words-pair")
    ]
    words = pair_page.evaluate("document.querySelectorAll('.words .word').length")
    assert dict(zip(labels, percents, strict=True)) == pytest.approx(expected, abs=0.06)
    assert texts == list(PAIRS[0])
    assert pair_page.evaluate("document.querySelector('#weights').tBodies[0].rows.length") == words == 10
    assert pair_page.complaints() == []


def test_a_file_of_pairs_becomes_the_table_that_the_command_writes(
    pair_page: Page, pair_run: Path, tmp_path: Path
) -> None:
    table = write_pair_csv(tmp_path / "pairs.csv", 12)
    predict(pair_run, input_file=str(table), output=tmp_path / "out.csv", runtime="onnx")

    by_page = classified(pair_page, table)
    by_command = list(csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text(encoding="utf-8"))))
    assert list(by_page[0]) == list(by_command[0])
    compared = ("text", "text_pair", "label")
    assert [[row[name] for name in compared] for row in by_page] == [
        [row[name] for name in compared] for row in by_command
    ]
    shown = pair_page.evaluate(
        f"{TABLE}.map((row) => [...row.cells].slice(0, 2).map((cell) => cell.textContent))"
    )
    assert shown == [[row["text"], row["text_pair"]] for row in by_command]
    assert pair_page.complaints() == []


def test_a_file_of_pairs_with_several_labels_becomes_the_table_that_the_command_writes(
    chromium: Browser, pair_label_run: Path, tmp_path: Path
) -> None:
    table = write_pair_csv(tmp_path / "pairs.csv", 12)
    predict(pair_label_run, input_file=str(table), output=tmp_path / "out.csv")

    with serving(pair_label_run) as server:
        page = chromium.open(server.url)
        page.wait_until("document.querySelector('#text-pair').offsetParent !== null")
        by_page = classified(page, table)

    by_command = list(csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text(encoding="utf-8"))))
    assert list(by_page[0]) == list(by_command[0])
    assert [row["labels"] for row in by_page] == [row["labels"] for row in by_command]
    assert page.complaints() == []


def test_a_table_with_one_column_has_no_pairs(pair_page: Page, tmp_path: Path) -> None:
    (tmp_path / "one.csv").write_text("text\nso happy\n", encoding="utf-8")

    pair_page.choose_file("#file", tmp_path / "one.csv")

    pair_page.wait_until("document.querySelector('#file-status').textContent.includes('two columns')")
    assert pair_page.evaluate("document.querySelector('#file-form').hidden")


@pytest.fixture(scope="module")
def halved(trained_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run, with a threshold below which half of the texts are outside its classes."""
    return halve_run(shutil.copytree(trained_run, tmp_path_factory.mktemp("halved") / "run"), TEXTS[:8])


@pytest.fixture(scope="module")
def halved_server(halved: Path) -> Iterator[ServerProcess]:
    with serving(halved) as server:
        yield server


@pytest.fixture
def halved_page(chromium: Browser, halved_server: ServerProcess) -> Page:
    """The page in front of that run, open and ready."""
    page = chromium.open(halved_server.url)
    page.wait_until("document.querySelector('#metrics table') !== null")
    return page


def test_a_text_outside_the_classes_is_none_of_these(halved_page: Page, halved: Path) -> None:
    labels = textune.load(halved).predict(TEXTS[:8])

    halved_page.type_text("#text", TEXTS[labels.index(None)])
    halved_page.wait_until(f"{BARS}.length > 0")

    assert halved_page.evaluate("document.querySelector('#summary').textContent").startswith(
        "None of these. "
    )
    assert halved_page.complaints() == []


def test_a_file_has_the_texts_outside_the_classes_as_the_command_writes_them(
    halved_page: Page, halved: Path, table: Path, tmp_path: Path
) -> None:
    predict(halved, input_file=str(table), output=tmp_path / "out.csv")

    by_page = classified(halved_page, table)
    by_command = list(csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text(encoding="utf-8"))))
    assert [(row["label"], row["other"]) for row in by_page] == [
        (row["label"], row["other"]) for row in by_command
    ]
    shown = halved_page.evaluate(f"{TABLE}.map((row) => row.cells[1].textContent)")
    assert shown == [row["label"] or "(none of these)" for row in by_command]
    outside = sum(row["other"] == "true" for row in by_command)
    said = halved_page.evaluate("document.querySelector('#file-status').textContent")
    assert f" {outside} are none of these." in said
