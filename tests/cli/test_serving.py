"""`textune serve` on the command line: what it says to a request that cannot be served."""

from __future__ import annotations

from typing import Any

import pytest


def test_an_empty_key_is_refused(textune_command: Any) -> None:
    outcome = textune_command("serve", "runs/mine", "--port", "0", "--api-key", "")

    assert outcome.code == 2
    assert "An API key is empty" in outcome.err


def test_an_address_that_is_not_here_is_told(textune_command: Any) -> None:
    # Of the addresses that are kept for documentation (RFC 5737).
    outcome = textune_command("serve", "runs/mine", "--host", "192.0.2.1", "--port", "8000")

    assert outcome.code == 2
    assert "The address 192.0.2.1, port 8000, cannot be used" in outcome.err


def test_without_the_extra_the_line_that_installs_it_is_told(
    textune_command: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("textune.workflows.serving._PACKAGES", ("no_such_package",))

    outcome = textune_command("serve", "runs/mine")

    assert outcome.code == 2
    assert "pip install 'textune[serve]'" in outcome.err
