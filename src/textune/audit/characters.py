"""What texts are written in: broken characters, markup that was left in, texts that say nothing.

In: examples. Out: findings D013, D014 and D015. Does not know languages or the model.

Mojibake, UTF-8 that was read as Windows-1252 or Latin-1, is told by its bytes: a lead byte followed by as
many continuation bytes as it asks for. Where such a pair can also stand in a sound text (`Ô` before a closing
quotation mark), it only counts beside another one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence

from textune.audit.findings import Example, Finding, found_row
from textune.audit.wording import LINK_OR_MENTION
from textune.data.raw import counted

# What the bytes that go on a UTF-8 character are shown as; as quotation marks and dashes, some stand in sound
# texts beside a capital letter.
_SHOWN_AS = {byte: chr(byte) + bytes([byte]).decode("cp1252", "ignore") for byte in range(0x80, 0xC0)}
_SOUND_BYTES = {0x85, *range(0x91, 0x98)}
_ANY = re.escape("".join(_SHOWN_AS.values()))
_REST = re.escape("".join(shown for byte, shown in _SHOWN_AS.items() if byte not in _SOUND_BYTES))
_ONE = f"[ÂÃ][{_REST}]|â€[{_ANY}]|ðŸ[{_ANY}]{{2}}|ã[\u0080-\u0083€][{_ANY}]|ï»¿|ï¿½"
_SEQUENCE = f"[\u00c2-\u00df][{_ANY}]|[\u00e0-\u00ef][{_ANY}]{{2}}|[\u00f0-\u00f4][{_ANY}]{{3}}"
_MOJIBAKE = re.compile(f"(?:{_SEQUENCE}){{2,}}|{_ONE}")
# Tabs and line ends are none; \x85 is one more line end, and in real data the rest of a broken character.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_PRIVATE = re.compile("[\ue000-\uf8ff]")
_INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff\u202a-\u202e\u2066-\u2069]")
_MARKUP = re.compile(
    r"(?i:&(?:amp|lt|gt|quot|apos|nbsp|#\d{2,7}|#x[0-9a-f]{2,6});"
    r"|</?(?:a|b|br|div|em|font|html|i|img|li|p|script|span|strong|table|td|tr|ul)\b[^<>]*>"
    r"|\\u[0-9a-f]{4}|\\x[0-9a-f]{2})"
    # A small letter after it makes it part of a path: C:\news.
    r"|\\[nrt](?![a-z])"
)
_SHOWN = 20


def find_broken_characters(examples: Sequence[Example]) -> list[Finding]:
    """Find mojibake, replacement, control, private and invisible characters (D013)."""
    return _finding(
        examples,
        broken_part,
        id="D013",
        title="with broken characters",
        advice="Repair them where the texts come from (the package ftfy mends most): misread characters have "
        "lost their meaning, and invisible ones make two texts of one.",
    )


def find_markup(examples: Sequence[Example]) -> list[Finding]:
    """Find HTML and escape sequences that were left in texts (D014)."""
    return _finding(
        examples,
        lambda text: _first(_MARKUP, text),
        id="D014",
        title="with markup or escapes left in",
        advice=r"Turn them into what they stand for (html.unescape for &amp;, a line end for \n), here and "
        "in the texts to come.",
        severity="info",
    )


def find_empty_texts(examples: Sequence[Example]) -> list[Finding]:
    """Find texts without any word, number or symbol beside links and mentions (D015)."""
    return _finding(
        examples,
        lambda text: None if says_something(text) else text.strip(),
        id="D015",
        title="that say nothing beside links, mentions and punctuation",
        advice="Delete them, unless such texts are to be classified: the model can only guess.",
    )


def broken_part(text: str) -> str | None:
    r"""Return what is broken about a text, in words; None if nothing is.

    Example:
        >>> broken_part("CafÃ© au lait"), broken_part("Café au lait")
        ("'Ã©' for 'é'", None)
    """
    if text.isascii() and text.isprintable():
        return None
    if found := _MOJIBAKE.search(text):
        return f"'{found[0][:_SHOWN]}'{_meant(found[0][:_SHOWN])}"
    if "\ufffd" in text:
        return "the replacement character U+FFFD"
    for kind, pattern in {"control": _CONTROL, "private": _PRIVATE, "invisible": _INVISIBLE}.items():
        if found := pattern.search(text):
            return f"the {kind} character U+{ord(found[0]):04X}"
    return None


def says_something(text: str) -> bool:
    """Tell whether a text has a letter, a number or a symbol (an emoji) beside links and mentions."""
    rest = LINK_OR_MENTION.sub(" ", text)
    return any(character.isalnum() or unicodedata.category(character) in {"So", "Mn"} for character in rest)


def _meant(broken: str) -> str:
    """Return what mojibake stands for; empty where it cannot be told."""
    try:
        # What Windows-1252 has no character for stands as the control character of Latin-1.
        read = b"".join(
            character.encode("latin-1" if character <= "\u00ff" else "cp1252") for character in broken
        )
        return f" for '{read.decode()}'"
    except UnicodeError:
        return ""


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.search(text)
    return None if found is None else found[0][:_SHOWN]


def _finding(
    examples: Sequence[Example],
    look: Callable[[str], str | None],
    *,
    id: str,
    title: str,
    advice: str,
    severity: str = "warning",
) -> list[Finding]:
    rows = [found_row(example, note) for example in examples if (note := look(example.text)) is not None]
    if not rows:
        return []
    return [
        Finding(
            id,
            "info" if severity == "info" else "warning",
            f"{counted(len(rows), 'text')} {title}",
            len(rows),
            tuple(rows),
            advice,
        )
    ]
