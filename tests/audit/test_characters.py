"""Broken characters, markup, and texts without content."""

from __future__ import annotations

import pytest

from audited_examples import in_train, look, places
from textune.audit.characters import (
    broken_part,
    find_broken_characters,
    find_empty_texts,
    find_markup,
    says_something,
)


def misread(text: str) -> str:
    """Return UTF-8 read as Windows-1252, as Latin-1 where that has no character."""
    return "".join(
        chr(byte) if byte in {0x81, 0x8D, 0x8F, 0x90, 0x9D} else bytes([byte]).decode("cp1252")
        for byte in text.encode()
    )


@pytest.mark.parametrize(
    "text",
    [
        "café",
        "it\u2019s",
        "naïve señor",
        "so happy 😂",
        "“quoted”",
        "5 £",
        "очень рад",
        "とても",
        "wait…",
        "Größe",
    ],
)
def test_utf8_that_was_read_as_windows_1252_is_reported(text: str) -> None:
    assert broken_part(misread(text)) is not None


@pytest.mark.parametrize(
    "text",
    [
        "plain words, twice",
        "café, naïve, Größe, señor, Ångström",
        "“CAFÉ”… and “DÉJÀ VU”, “café”…",
        "NÃO, IRMÃO, “AMANHÔ",
        "МЕНЮ и “цены”",
        "«À bientôt» \u2013 dit-elle…",
        "so happy 😂👨‍👩‍👧 ❤️",
        "two\nlines\tand a tab",
        "とても嬉しい。",
        "Ü\u2013Ä, 20 °C, ½ £",
    ],
)
def test_sound_texts_are_left_alone(text: str) -> None:
    assert broken_part(text) is None


def test_what_was_meant_is_said_where_it_is_clear() -> None:
    assert broken_part(misread("it\u2019s")) == "'â€™' for '\u2019'"


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("so \ufffd happy", "the replacement character U+FFFD"),
        ("so \x07 happy", "the control character U+0007"),
        ("so\u200bhappy", "the invisible character U+200B"),
    ],
)
def test_characters_that_no_person_types_are_named(text: str, part: str) -> None:
    assert broken_part(text) == part


def test_the_rows_with_broken_characters_are_listed() -> None:
    (finding,) = look(find_broken_characters, in_train("sound", misread("café"), "sound too", "\ufffd"))

    assert finding.count == 2
    assert places(finding) == [("train", 1), ("train", 3)]


@pytest.mark.parametrize(
    "text",
    ["you &amp; me", "so<br />happy", "first\\nSecond", "it\\u2019s", '<a href="x">here</a>', "&#39;tis"],
)
def test_markup_and_escapes_are_found(text: str) -> None:
    (finding,) = look(find_markup, in_train(text))

    assert (finding.id, finding.severity) == ("D014", "info")


@pytest.mark.parametrize("text", ["a < b and c > d", "AT&T; I <3 you", "C:\\news\\today", "you & me"])
def test_signs_that_only_look_like_markup_are_left_alone(text: str) -> None:
    assert look(find_markup, in_train(text)) == []


@pytest.mark.parametrize("text", ["@you @me", "...", "https://example.org", "?! —"])
def test_texts_without_a_word_say_nothing(text: str) -> None:
    (finding,) = look(find_empty_texts, in_train("a word", text))

    assert places(finding) == [("train", 1)]


@pytest.mark.parametrize("text", ["ok", "😂", "嬉しい", "42", "❤️", "#joy"])
def test_a_word_a_number_or_an_emoji_says_something(text: str) -> None:
    assert says_something(text)
