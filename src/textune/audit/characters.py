"""Broken characters, leftover markup and texts without content: D013, D014 and D015.

Mojibake is UTF-8 that was read as Windows-1252 or Latin-1. Its bytes give it away: a lead byte is followed by
as many continuation bytes as it announces. A pair that can also occur in a correct text (`Ô` before a closing
quotation mark) counts only next to another pair.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from textune.audit.checks import AuditInput, check, flag_texts
from textune.audit.duplicates import LINK_OR_MENTION
from textune.audit.findings import Finding

# How the continuation bytes of a UTF-8 character are displayed; some are quotation marks and dashes, which
# also follow a capital letter in correct texts.
_SHOWN_AS = {byte: chr(byte) + bytes([byte]).decode("cp1252", "ignore") for byte in range(0x80, 0xC0)}
_SOUND_BYTES = {0x85, *range(0x91, 0x98)}
_ANY = re.escape("".join(_SHOWN_AS.values()))
_REST = re.escape("".join(shown for byte, shown in _SHOWN_AS.items() if byte not in _SOUND_BYTES))
_ONE = f"[ÂÃ][{_REST}]|â€[{_ANY}]|ðŸ[{_ANY}]{{2}}|ã[\u0080-\u0083€][{_ANY}]|ï»¿|ï¿½"
_SEQUENCE = f"[\u00c2-\u00df][{_ANY}]|[\u00e0-\u00ef][{_ANY}]{{2}}|[\u00f0-\u00f4][{_ANY}]{{3}}"
_MOJIBAKE = re.compile(f"(?:{_SEQUENCE}){{2,}}|{_ONE}")
# Tabs and line breaks are allowed. \x85 is a line break too, but in real data it is part of a broken
# character.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_PRIVATE = re.compile("[\ue000-\uf8ff]")
_INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff\u202a-\u202e\u2066-\u2069]")
_MARKUP = re.compile(
    r"(?i:&(?:amp|lt|gt|quot|apos|nbsp|#\d{2,7}|#x[0-9a-f]{2,6});"
    r"|</?(?:a|b|br|div|em|font|html|i|img|li|p|script|span|strong|table|td|tr|ul)\b[^<>]*>"
    r"|\\u[0-9a-f]{4}|\\x[0-9a-f]{2})"
    # A lower-case letter after it makes it part of a path, such as C:\news.
    r"|\\[nrt](?![a-z])"
)
_SHOWN = 20


@check(needs="texts", in_training=True, D013="broken characters")
def find_broken_characters(audited: AuditInput) -> Iterator[Finding]:
    """Find mojibake and replacement, control, private-use and invisible characters."""
    advice = (
        "Fix them in the source (the package ftfy fixes most): misread characters have lost their meaning, "
        "and invisible ones turn copies of a text into different texts."
    )
    yield from flag_texts(audited, broken_part, "D013", "warning", "with broken characters", advice)


@check(needs="texts", in_training=True, D014="markup and escapes")
def find_markup(audited: AuditInput) -> Iterator[Finding]:
    """Find leftover HTML and escape sequences."""
    advice = (
        r"Replace them with what they stand for (html.unescape for &amp;, a line break for \n), here and in "
        "the texts that you will classify."
    )
    title = "with markup or escapes left in"

    def first_markup(text: str) -> str | None:
        match = _MARKUP.search(text)
        return match[0][:_SHOWN] if match else None

    yield from flag_texts(audited, first_markup, "D014", "info", title, advice)


@check(needs="texts", in_training=True, D015="texts without content")
def find_empty_texts(audited: AuditInput) -> Iterator[Finding]:
    """Find texts that have no word, number or symbol besides links and mentions."""
    advice = "Delete them unless you will classify such texts: the model can only guess."
    title = "with nothing but links, mentions and punctuation"
    yield from flag_texts(
        audited, lambda text: None if says_something(text) else text.strip(), "D015", "warning", title, advice
    )


def broken_part(text: str) -> str | None:
    r"""Describe the first broken character of a text, or return None.

    Example:
        >>> broken_part("CafÃ© au lait"), broken_part("Café au lait")
        ("'Ã©' for 'é'", None)
    """
    if text.isascii() and text.isprintable():
        return None
    if match := _MOJIBAKE.search(text):
        return f"'{match[0][:_SHOWN]}'{_meant(match[0][:_SHOWN])}"
    if "\ufffd" in text:
        return "the replacement character U+FFFD"
    for kind, pattern in {"control": _CONTROL, "private": _PRIVATE, "invisible": _INVISIBLE}.items():
        if match := pattern.search(text):
            return f"the {kind} character U+{ord(match[0]):04X}"
    return None


def says_something(text: str) -> bool:
    """Return whether a text has a letter, a number or a symbol (an emoji) besides links and mentions."""
    rest = LINK_OR_MENTION.sub(" ", text)
    return any(character.isalnum() or unicodedata.category(character) in {"So", "Mn"} for character in rest)


def _meant(broken: str) -> str:
    """Return what mojibake stands for, or nothing if it cannot be decoded."""
    try:
        # Bytes without a character in Windows-1252 are displayed as the control characters of Latin-1.
        decoded = b"".join(
            character.encode("latin-1" if character <= "\u00ff" else "cp1252") for character in broken
        )
        return f" for '{decoded.decode()}'"
    except UnicodeError:
        return ""
