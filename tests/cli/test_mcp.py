"""`textune mcp` on the command line: what it passes on, and what it says if it cannot start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from textune.serving.limits import Limits


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the command asks of `commands.mcp`, which is not run."""
    options: dict[str, Any] = {}
    monkeypatch.setattr("textune.commands.mcp.mcp", lambda run, **others: options.update(others, run=run))
    return options


def test_by_default_it_reads_standard_input_and_needs_no_key(
    textune_command: Any, asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEXTUNE_API_KEY", "a-key")

    assert textune_command("mcp", "runs/mine").code == 0

    assert (asked["run"], asked["http"], asked["api_keys"]) == (Path("runs/mine"), False, ())
    assert asked["limits"] == Limits()


def test_over_http_the_key_may_come_from_the_environment(
    textune_command: Any, asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEXTUNE_API_KEY", "a-key")

    textune_command("mcp", "runs/mine", "--http", "--port", "0", "--max-texts", "3")

    assert (asked["http"], asked["port"], asked["api_keys"]) == (True, 0, ("a-key",))
    assert asked["limits"].texts == 3


def test_a_missing_run_is_refused_and_standard_output_stays_empty(textune_command: Any) -> None:
    outcome = textune_command("mcp", "no/such/run")

    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("error: ")


def test_without_the_package_the_line_that_installs_it_is_named(
    textune_command: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "textune.extras.importlib.util.find_spec", lambda name: None if name == "mcp" else name
    )

    outcome = textune_command("mcp", "runs/mine")

    assert outcome.code == 2
    assert "textune[mcp]" in outcome.err
