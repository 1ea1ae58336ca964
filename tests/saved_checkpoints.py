"""Checkpoints whose tensors show their step, and what may happen to them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import torch

from textune.training.checkpoints import find_checkpoint, save_checkpoint

PARTS = ("exp_avg", "weights")
NAMES = (*(f"{part}.safetensors" for part in PARTS), "state.json", "manifest.json")


def tensors(step: int) -> dict[str, dict[str, torch.Tensor]]:
    return {part: {"0": torch.arange(50.0) + step, "1": torch.full((3, 2), float(step))} for part in PARTS}


def save(folder: Path, *steps: int) -> None:
    for step in steps:
        save_checkpoint(folder, step, tensors(step), {"step": step})


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def delete(path: Path) -> None:
    path.unlink()


def flip_a_bit(path: Path) -> None:
    contents = bytearray(path.read_bytes())
    contents[len(contents) // 2] ^= 1
    path.write_bytes(contents)


def add_a_byte(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\0")


def fail_at(number: int, code: int) -> Callable[[str], None]:
    """Return what raises an error of the system at the call of that number, counted from 1."""
    left = [number]

    def before(name: str) -> None:
        left[0] -= 1
        if not left[0]:
            raise OSError(code, os.strerror(code))

    return before


def holds(folder: Path, *steps: int) -> bool:
    """Say whether the newest good checkpoint is of one of the steps, and holds what was saved then."""
    found, _ = find_checkpoint(folder)
    assert found
    step = found.facts["step"]
    expected = tensors(step)
    same = all(
        torch.equal(found.tensors[part][name], expected[part][name]) for part in PARTS for name in "01"
    )
    return same and step in steps and found.tensors.keys() == expected.keys()
