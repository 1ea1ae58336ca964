"""A check is one file in the audit's folder: it runs in audits and, if it is cheap, in every training."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import textune
from audited_examples import found
from small_data import small_rows
from source_files import write_csv
from textune.audit import checks
from textune.cli.render.audit_table import show_audit
from toy_files import toy_file

TOY = '''
from textune.audit.checks import check
from textune.audit.findings import Finding


@check(needs="texts", in_training=True, D900="shouting")
def find_shouting(audited):
    """Find texts in capitals."""
    rows = tuple(example.flag("loud") for example in audited.examples if example.text.isupper())
    if rows:
        yield Finding("D900", "warning", f"{len(rows)} texts shout", len(rows), rows, "Lower your voice.")
'''


@pytest.fixture(autouse=True)
def toy_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Add the file, as if it lay in the package's folder."""
    checks.all_checks()
    monkeypatch.setattr(checks, "_CHECKS", dict(checks._CHECKS))
    with toy_file("textune.audit", "shouting", TOY, tmp_path / "more_checks"):
        yield


@pytest.fixture
def data(tmp_path: Path) -> str:
    rows = small_rows(120)
    rows[7] = ("SO HAPPY TODAY", rows[7][1])
    return str(write_csv(tmp_path / "posts.csv", rows))


def test_an_audit_runs_a_toy_check(data: str, capsys: pytest.CaptureFixture[str]) -> None:
    result = textune.audit(data, quick=True)
    show_audit(result, rows=3)
    shown = capsys.readouterr().out

    (finding,) = found(result.findings, "D900")
    assert finding in result.findings
    assert finding.to_json() in result.to_json()["findings"]
    assert [part for part in ("D900", "1 texts shout", "Lower your voice.") if part not in shown] == []


def test_a_toy_check_that_finds_nothing_is_listed_as_such(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    show_audit(textune.audit(str(write_csv(tmp_path / "calm.csv", small_rows(60))), quick=True), rows=3)

    shown = " ".join(capsys.readouterr().out.split())
    assert "shouting" in shown.partition("Nothing found: ")[2]


def test_a_training_runs_a_cheap_toy_check_and_its_report_shows_it(
    data: str, tiny_distilbert: str, tmp_path: Path
) -> None:
    settings = ["evaluate.bootstrap_samples=100", "evaluate.baselines=false"]

    run = textune.train(
        "frozen", model=tiny_distilbert, data=data, out=tmp_path / "run", settings=settings
    ).run

    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    expected = {"id": "D900", "severity": "warning", "title": "1 texts shout", "count": 1}
    assert expected in metrics["data_checks"]
    assert "1 texts shout" in (run / "report.html").read_text(encoding="utf-8")
