"""The tables of all commands."""

from __future__ import annotations

import io

import pytest

from textune.cli.render.table_looks import bare_table, show


def test_in_a_narrow_window_long_names_are_folded_and_no_number_is_cut(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    table = bare_table("", "rows", "precision", "F1")
    table.add_row("balance_not_updated_after_bank_transfer", "1,040", "100.0 %", "97.4 %")

    show(table)

    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split()[1:] == ["1,040", "100.0", "%", "97.4", "%"]
    assert "".join(line.split()[0] for line in lines[1:]) == "balance_not_updated_after_bank_transfer"


class Terminal(io.StringIO):
    """A terminal that keeps what is written to it."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "variables", "is_coloured"),
    [
        (Terminal, {}, True),
        (Terminal, {"NO_COLOR": "1"}, False),
        (Terminal, {"TERM": "dumb"}, False),
        (io.StringIO, {}, False),
        (io.StringIO, {"FORCE_COLOR": "1"}, True),
        (io.StringIO, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_colours_are_for_terminals_and_for_those_who_ask(
    stream: type[io.StringIO], variables: dict[str, str], is_coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"TERM": "xterm-256color", **variables}.items():
        monkeypatch.setenv(name, value)
    out = stream()
    monkeypatch.setattr("sys.stdout", out)

    show("[green]done[/green]")

    assert out.getvalue() == ("\x1b[32mdone\x1b[0m\n" if is_coloured else "done\n")
