"""Where the words of a text are, in any script."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textune.explain.words import find_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("so happy today", ["so", "happy", "today"]),
        ("don't stop, it’s well-known", ["don't", "stop", ",", "it’s", "well-known"]),  # noqa: RUF001
        ("'quoted' -- and (brackets)", ["'", "quoted", "'", "--", "and", "(", "brackets", ")"]),
        ("@user loves #NLP!!", ["@user", "loves", "#NLP", "!!"]),
        ("a # b ## #1", ["a", "#", "b", "##", "#1"]),
        ("wow 😊👍🏽 ok", ["wow", "😊👍🏽", "ok"]),
        ("👩‍💻 codes", ["👩‍💻", "codes"]),
        ("naïve cafe\u0301s", ["naïve", "cafe\u0301s"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("今日は", ["今", "日", "は"]),
        ("\n tabs\tand\u00a0spaces ", ["tabs", "and", "spaces"]),
        ("x_1 = 3.5", ["x_1", "=", "3", ".", "5"]),
        ("", []),
        (" \n", []),
    ],
)
def test_words_are_found_in_any_script(text: str, words: list[str]) -> None:
    assert [text[start:end] for start, end in find_words(text)] == words


@given(st.text())
def test_every_visible_character_of_any_text_is_in_one_word(text: str) -> None:
    spans = find_words(text)

    assert "".join(text[start:end] for start, end in spans) == "".join(text.split())
    assert spans == sorted(spans)
