"""What all checks share."""

from __future__ import annotations

import re

from audited_examples import examples_from
from conftest import REPOSITORY
from textune.audit.checks import check_titles
from textune.audit.findings import Finding, in_order, split_sizes


def finding(id: str, severity: str) -> Finding:
    return Finding(id, severity, "something", 1, (), "fix it")


def test_findings_come_with_the_gravest_first_and_then_by_number() -> None:
    findings = [
        finding("D009", "info"),
        finding("D005", "warning"),
        finding("D003", "warning"),
        finding("D010", "error"),
    ]

    assert [each.id for each in in_order(findings)] == ["D010", "D003", "D005", "D009"]


def test_every_check_is_in_the_how_to_in_the_words_of_the_command() -> None:
    page = (REPOSITORY / "docs" / "how-to" / "audit.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (D\d{3}) \| ([^|:]+?)[:|]", page, re.MULTILINE)

    assert {id: name.strip() for id, name in rows} == check_titles()


def test_splits_are_counted_in_the_order_in_which_they_come() -> None:
    rows = [("train", "a", "joy"), ("train", "b", "joy"), ("test", "c", "joy")]

    assert list(split_sizes(examples_from(rows)).items()) == [("train", 2), ("test", 1)]
