"""Emoji as words: their names, inside the tokenizer and its file, and nothing else changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from transformers import AutoTokenizer

from textune.encoder.emoji import emoji_words, find_emoji, read_emoji
from tiny_models import ARCHITECTURES, MAX_TOKENS, build_tiny_model

PLAIN = [
    "i am so happy today",
    "it's 20° outside, isn't it?!",
    "  spaces   and\ttabs\n",
    "Élan vital — naïve café …",
    "you're @user #happy https://t.co/x1",
    "",
]
THUMB = "\U0001f44d"
TONES = [chr(code) for code in range(0x1F3FB, 0x1F400)]


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return AutoTokenizer.from_pretrained(build_tiny_model(tmp_path_factory.mktemp("tiny")))


def ids_of(tokenizer: Any, text: str) -> list[int]:
    ids: list[int] = tokenizer(text)["input_ids"]
    return ids


@pytest.mark.parametrize(
    ("symbol", "words"),
    [
        ("😂", "tears of joy"),
        ("😡", "pouting"),
        ("😭", "loudly crying"),
        ("😊", "smiling with smiling eyes"),
        ("❤", "heavy black heart"),
        ("🔥", "fire"),
    ],
)
def test_an_emoji_is_called_by_its_unicode_name_without_its_face(symbol: str, words: str) -> None:
    assert emoji_words(symbol) == words


def test_a_code_without_a_name_has_no_words() -> None:
    assert emoji_words("\U0001ffff") == ""


def test_the_emoji_of_the_texts_are_found_beside_the_common_faces() -> None:
    emoji = find_emoji([f"nice {THUMB}", "🔥🔥"])

    assert {THUMB, "🔥", "😀", "🙏"} <= set(emoji)
    assert emoji == sorted(set(emoji))


@pytest.mark.parametrize("character", ["a", "°", "…", "—", "€", "漢", *TONES, "\u200d", "\ufe0f"])
def test_what_is_not_an_emoji_is_not_found(character: str) -> None:
    assert character not in find_emoji([character])


def test_an_emoji_is_read_as_its_words(tokenizer: Any) -> None:
    reader = read_emoji(tokenizer, ["🔥"])

    assert ids_of(reader, "so happy😂today") == ids_of(tokenizer, "so happy tears of joy today")
    assert ids_of(reader, "🔥") == ids_of(tokenizer, "fire")


def test_emoji_in_a_row_are_words_apart(tokenizer: Any) -> None:
    reader = read_emoji(tokenizer, [])

    assert ids_of(reader, "😂😡") == ids_of(tokenizer, "tears of joy pouting")


@pytest.mark.parametrize("tone", TONES)
def test_skin_tones_say_nothing(tokenizer: Any, tone: str) -> None:
    reader = read_emoji(tokenizer, [f"{THUMB}{tone}"])

    assert ids_of(reader, f"good {THUMB}{tone}") == ids_of(tokenizer, "good thumbs up sign")


@pytest.mark.parametrize("text", ["❤\ufe0f", "🙋\u200d♀\ufe0f", "🙋\u200d♂"])
def test_variations_joiners_and_signs_of_gender_say_nothing(tokenizer: Any, text: str) -> None:
    reader = read_emoji(tokenizer, [text])

    assert ids_of(reader, text) == ids_of(tokenizer, emoji_words(text[0]))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("text", PLAIN)
def test_a_text_without_emoji_is_read_as_before(tmp_path: Path, architecture: str, text: str) -> None:
    plain = AutoTokenizer.from_pretrained(build_tiny_model(tmp_path, architecture))

    reader = read_emoji(plain, ["😂"])

    assert reader(text, truncation=True) == plain(text, truncation=True)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_saved_and_loaded_it_reads_the_same(tmp_path: Path, architecture: str) -> None:
    folder = build_tiny_model(tmp_path, architecture)
    reader = read_emoji(AutoTokenizer.from_pretrained(folder), [f"🔥 {THUMB}"])
    text = f"so happy😂 🔥 {THUMB}{TONES[2]} isn't it"
    expected = reader(text)

    reader.save_pretrained(folder)

    loaded = AutoTokenizer.from_pretrained(folder)
    assert loaded(text) == expected
    assert loaded.model_input_names == reader.model_input_names


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_special_tokens_and_the_greatest_length_are_kept(tmp_path: Path, architecture: str) -> None:
    folder = build_tiny_model(tmp_path, architecture)
    plain = AutoTokenizer.from_pretrained(folder)
    read_emoji(plain, []).save_pretrained(folder)

    loaded = AutoTokenizer.from_pretrained(folder)

    assert loaded.special_tokens_map == plain.special_tokens_map
    assert loaded.all_special_ids == plain.all_special_ids
    assert loaded.model_max_length == plain.model_max_length == MAX_TOKENS
    assert loaded.padding_side == plain.padding_side


def test_a_text_that_is_too_long_is_cut_as_before(tokenizer: Any) -> None:
    reader = read_emoji(tokenizer, [])

    ids = reader("😂 " * 40, truncation=True, max_length=10)["input_ids"]

    assert ids == ids_of(tokenizer, "tears of joy " * 2 + "tears of")
    assert len(ids) == 10


def test_special_tokens_within_a_text_are_read_as_before(tokenizer: Any) -> None:
    text = "happy [SEP] sad [MASK]"

    assert ids_of(read_emoji(tokenizer, []), text) == ids_of(tokenizer, text)


def test_the_tokenizer_itself_stays_as_it_was(tokenizer: Any) -> None:
    before = tokenizer.backend_tokenizer.to_str()

    read_emoji(tokenizer, ["🔥"])

    assert tokenizer.backend_tokenizer.to_str() == before
