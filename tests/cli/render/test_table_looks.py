"""The tables of all commands."""

from __future__ import annotations

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
