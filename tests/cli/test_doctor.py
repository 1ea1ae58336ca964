"""`textune doctor`: lines to paste, and JSON."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import Any

import torch


def test_doctor_shows_what_the_computer_has(textune_command: Any) -> None:
    outcome = textune_command("doctor")

    assert outcome.code == 0
    assert f"torch {version('torch')}" in outcome.out
    assert outcome.out.splitlines()[-1].startswith("- ")


def test_doctor_json_is_one_document_with_the_advice(textune_command: Any) -> None:
    document = json.loads(textune_command("doctor", "--json").out)

    assert document["processor"]["threads"] == torch.get_num_threads()
    assert isinstance(document["advice"], list)
