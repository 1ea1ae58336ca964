"""Scripts that texts are written in."""

from __future__ import annotations

import pytest

from audited_examples import in_train, look, places
from textune.audit.scripts import find_mixed_scripts, main_script


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("so happy 😀", "Latin"),
        ("naïve Größe", "Latin"),
        ("очень рад, lol", "Cyrillic"),
        ("とても嬉しい", "Chinese and Japanese"),
        ("행복해요", "Korean"),
        ("سعيد جدا", "Arabic"),
        ("is \U0001d4fc\U0001d4f8 \U0001d4f1\U0001d4fe\U0001d4f0\U0001d4ee", "styled letters"),
        ("123 😀 !!", ""),
    ],
)
def test_a_text_has_the_script_of_most_of_its_letters(text: str, script: str) -> None:
    assert main_script(text) == script


def test_the_texts_in_another_script_than_most_are_listed() -> None:
    (finding,) = look(find_mixed_scripts, in_train("one", "two", "очень рад", "three", "行"))

    assert places(finding) == [("train", 2), ("train", 4)]
    assert "not in Latin: Cyrillic (1), Chinese and Japanese (1)" in finding.title


def test_a_few_among_many_are_no_warning() -> None:
    (finding,) = look(find_mixed_scripts, in_train(*["words"] * 200, "очень рад"))

    assert finding.severity == "info"


def test_one_in_a_hundred_is_a_warning() -> None:
    (finding,) = look(find_mixed_scripts, in_train(*["words"] * 99, "очень рад"))

    assert finding.severity == "warning"


def test_a_word_of_lookalike_letters_is_found() -> None:
    disguised = "free v" + "\N{CYRILLIC SMALL LETTER I}" + "agra"

    (finding,) = look(find_mixed_scripts, in_train("a fine day", disguised))

    assert [row.note for row in finding.rows] == [disguised.split()[1]]


def test_texts_of_one_script_give_no_finding() -> None:
    assert look(find_mixed_scripts, in_train("so happy", "déjà vu", "42", "😀")) == []
