"""Texts in another script than most, and words that mix two scripts: D016.

A letter's Unicode name gives its script. Languages are not distinguished: English and French share a script.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache

from textune.audit.checks import AuditInput, check, flag_texts
from textune.audit.findings import Example, Finding, percent
from textune.formats.text_pairs import sides_of
from textune.wording import counted

_MIXED_SHARE = 0.01
_STYLES = ("MATHEMATICAL", "FULLWIDTH", "DOUBLE-STRUCK", "SCRIPT", "BLACK-LETTER")
# Scripts that are written together count as one; styled letters are a script of their own.
_NAMES = {
    **dict.fromkeys(("CJK", "HIRAGANA", "KATAKANA", "IDEOGRAPHIC"), "Chinese and Japanese"),
    "HANGUL": "Korean",
    **dict.fromkeys(_STYLES, "styled letters"),
}
_NO_SCRIPT = {"MODIFIER", "FEMININE", "MASCULINE", "MICRO", "SUPERSCRIPT", "COMBINING", "SMALL"}
_WORD = re.compile(r"[^\W\d_]+")
_LOOKALIKES = {"Latin", "Cyrillic", "Greek"}


@check(needs="texts", D016="mixed scripts")
def find_mixed_scripts(audited: AuditInput) -> Iterator[Finding]:
    """Find texts in another script than most, and words that mix scripts."""
    scripts = [main_script(" ".join(sides_of(example.text))) for example in audited.examples]
    counts = Counter(script for script in scripts if script)
    if len(counts) > 1:
        yield _others(audited.examples, scripts, counts)
    title = "with a word that mixes similar-looking scripts"
    advice = (
        "Letters were replaced by lookalikes, as in spam that evades filters: a model reads a different word."
    )
    yield from flag_texts(audited, _mixed_word, "D016", "info", title, advice)


def main_script(text: str) -> str:
    """Return the script of most letters of a text, or an empty string if it has no letters.

    Example:
        >>> main_script("so happy 😀"), main_script("очень рад :)"), main_script("123")
        ('Latin', 'Cyrillic', '')
    """
    if text.isascii():
        return "Latin" if any(map(str.isalpha, text)) else ""
    counts = Counter(script for character in text if character.isalpha() and (script := script_of(character)))
    return counts.most_common(1)[0][0] if counts else ""


@lru_cache(maxsize=4096)
def script_of(letter: str) -> str:
    """Return a letter's script, or an empty string for characters that every script uses."""
    first = unicodedata.name(letter, "").partition(" ")[0]
    return "" if first in _NO_SCRIPT else _NAMES.get(first, first.title())


def _others(examples: Sequence[Example], scripts: Sequence[str], counts: Counter[str]) -> Finding:
    (main, most), *rest = counts.most_common()
    rows = tuple(
        example.flag(script)
        for example, script in zip(examples, scripts, strict=True)
        if script and script != main
    )
    share = len(rows) / (most + len(rows))
    listed = ", ".join(f"{script} ({count:,})" for script, count in rest)
    return Finding(
        "D016",
        "warning" if share >= _MIXED_SHARE else "info",
        f"{counted(len(rows), 'text')}, {percent(share)} of all, not in {main}: {listed}",
        len(rows),
        rows,
        "If you will classify texts like these, choose a multilingual model and evaluate them separately; "
        "otherwise delete them.",
    )


def _mixed_word(text: str) -> str | None:
    if text.isascii():
        return None
    for word in _WORD.findall(text):
        if not word.isascii() and len({script_of(letter) for letter in word} & _LOOKALIKES) > 1:
            return str(word)
    return None
