"""What a command shows while it works: where it is drawn, and where it is written line by line."""

from __future__ import annotations

import io

import pytest

from textune.cli.render.progress import Watcher, show_json


class Terminal(io.StringIO):
    """A terminal that keeps what is written to it."""

    def isatty(self) -> bool:
        return True


def shown_on(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch, **variables: str) -> str:
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"TERM": "xterm-256color", **variables}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stderr", stream)
    with Watcher() as watcher:
        watcher.stage("Reading")
        watcher.advance(1, 2, unit="texts")
        watcher.note("Half of them.")
    return stream.getvalue()


def test_a_terminal_shows_a_bar_that_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = shown_on(Terminal(), monkeypatch)

    assert "Reading" in shown
    assert "\x1b[" in shown


@pytest.mark.parametrize("variables", [{}, {"NO_COLOR": "1"}])
def test_a_file_gets_notes_and_no_control_codes(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shown_on(io.StringIO(), monkeypatch, **variables) == "· Half of them.\n"


def test_with_force_color_a_file_gets_colours_and_nothing_is_drawn_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown = shown_on(io.StringIO(), monkeypatch, FORCE_COLOR="1")

    assert shown == "\x1b[2m·\x1b[0m Half of them.\n"


def test_a_dumb_terminal_gets_notes_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown_on(Terminal(), monkeypatch, TERM="dumb") == "· Half of them.\n"


def test_without_color_a_terminal_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = shown_on(Terminal(), monkeypatch, NO_COLOR="1")

    assert "Reading" in shown
    assert "\x1b[3" not in shown


def test_json_never_has_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    out = Terminal()
    monkeypatch.setattr("sys.stdout", out)
    monkeypatch.setenv("FORCE_COLOR", "1")

    show_json({"label": "joy", "score": 0.5})

    assert out.getvalue() == '{\n  "label": "joy",\n  "score": 0.5\n}\n'
