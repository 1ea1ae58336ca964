"""Cells with several labels: how they are told from names, and how lists are read."""

from __future__ import annotations

from typing import Any

import pytest

from textune.data.several_labels import find_several, parse_list


@pytest.mark.parametrize(
    ("labels", "several"),
    [
        (["joy", "anger", "joy;anger"], {"joy;anger"}),
        (["joy", "anger", "joy|anger|joy"], {"joy|anger|joy"}),
        (["joy", "anger", "joy, anger"], {"joy, anger"}),
        (["joy", "anger", "joy#anger"], {"joy#anger"}),
        (["joy", "anger", "joy anger"], {"joy anger"}),
        (["joy", "anger", "joy\nanger"], {"joy\nanger"}),
        (["joy", "anger", "[joy, anger]"], {"[joy, anger]"}),
        (["joy", "joy,surprise"], {"joy,surprise"}),
        (["joy;love", "anger"], {"joy;love"}),
        (["joy|anger", "anger|love"], {"joy|anger", "anger|love"}),
        (["27", "2,27", "3, 10,20"], {"2,27", "3, 10,20"}),
        (["2 27", "3;4"], {"2 27", "3;4"}),
        (["joy;", "anger;", "joy;anger;"], {"joy;anger;"}),
        (["joy", "anger", "joy||anger"], {"joy||anger"}),
        (["joy", "anger", "joy, anger, "], {"joy, anger, "}),
        (["joy", "anger", "joy\tanger"], {"joy\tanger"}),
        (["喜", "怒", "喜，怒", "喜、怒"], {"喜，怒", "喜、怒"}),  # noqa: RUF001
        (["喜；怒", "فرح؛ غضب", "حب", "فرح، حب"], {"喜；怒", "فرح؛ غضب", "فرح، حب"}),  # noqa: RUF001
        (["joy", "anger", "joy:anger", "joy_anger"], {"joy:anger", "joy_anger"}),
        (["joy", "anger", "joy - anger", "joy^anger"], {"joy - anger", "joy^anger"}),
        (["joy", "anger", "joy and anger", "anger or joy"], {"joy and anger", "anger or joy"}),
        (["0", "1", "0-1", "-1"], {"0-1"}),
        (["joy,mild", "joy,strong", "anger,mild"], {"joy,mild"}),
        (["joy", "anger", "Joy & Anger"], {"Joy & Anger"}),
        (["joy", "anger", "joy -> anger", "joy > anger"], {"joy -> anger", "joy > anger"}),
        (["joy", "anger", "joy \u00b7 anger", "joy\\anger"], {"joy \u00b7 anger", "joy\\anger"}),
        (["fun", 'joy, "so sad"'], {'joy, "so sad"'}),
        (["{joy}", "{anger}", "{joy,anger}"], {"{joy,anger}", "{joy}", "{anger}"}),
    ],
)
def test_a_cell_is_several_labels_if_its_parts_are_labels(labels: list[str], several: set[str]) -> None:
    assert find_several(labels).parts.keys() == several


@pytest.mark.parametrize(
    "labels",
    [
        ["Mergers, Acquisitions", "Tax"],
        ["Credit reporting", "Credit reporting, credit repair services"],
        ["Sales, US", "Sales, UK", "Support, US", "Support, UK"],
        ["Phones|Android", "Phones|iPhone", "Tablets|Android"],
        ["R&D", "Sales"],
        ["London,UK", "Paris,FR", "Leeds,UK"],
        ["non-toxic", "toxic"],
        ["very_sad", "sad", "sandy", "s", "y"],
        ["C", "C++", "C#"],
        ["very happy", "very sad"],
        ["news/sport", "news/politics"],
        [";", "a;", "a"],
        ["{joy}", "{anger}"],
        ['the "best" one', 'the "worst" one'],
    ],
)
def test_a_name_may_hold_what_divides_labels(labels: list[str]) -> None:
    assert find_several(labels).parts == {}


def test_the_name_of_a_class_is_one_label() -> None:
    assert find_several(["joy;anger", "joy", "anger"], known=["joy;anger"]).parts == {}


@pytest.mark.parametrize(
    ("label", "items"),
    [
        ("['joy', 'surprise']", ["joy", "surprise"]),
        ('["joy"]', ["joy"]),
        ("['joy' 'surprise']", ["joy", "surprise"]),
        ("[2 27]", [2, 27]),
        ("['joy (a)' \"it's\"]", ["joy (a)", "it's"]),
        ("['joy',\n 'anger']", ["joy", "anger"]),
        ("['joy' anger]", None),
        ("[2, 27]", [2, 27]),
        ("('joy',)", ["joy"]),
        ("{'joy', 'anger'}", ["anger", "joy"]),
        ("[]", []),
        ("[joy]", None),
        ("(joy)", None),
        ("[[1]]", None),
        ("{'joy': 1}", None),
        ("[0. 1. 0.]", [0.0, 1.0, 0.0]),
        ("[" * 3000, None),
    ],
)
def test_lists_are_read_as_programs_write_them(label: str, items: list[Any] | None) -> None:
    assert parse_list(label) == items
