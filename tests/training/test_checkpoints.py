"""Checkpoints that are damaged, or that the system does not let be written."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from killing import WatchedOs
from saved_checkpoints import NAMES, add_a_byte, delete, fail_at, flip_a_bit, holds, names_in, save, truncate
from textune import files
from textune.errors import StorageError
from textune.training import checkpoints
from textune.training.checkpoints import find_checkpoint, save_checkpoint
from tiny_models import change_json

CALLS = 2 * len(NAMES) + 3
"""Each file is written and synced; the folder is synced, renamed, and its name is synced."""


def test_the_newest_checkpoint_is_found_with_all_that_was_saved(tmp_path: Path) -> None:
    save(tmp_path, 3, 6)

    assert find_checkpoint(tmp_path)[1] == []
    assert holds(tmp_path, 6)


def test_a_checkpoint_of_a_later_version_is_skipped_as_such(tmp_path: Path) -> None:
    save(tmp_path, 3, 6)
    change_json(tmp_path / "step-00000006" / "manifest.json", format=2)

    assert find_checkpoint(tmp_path)[1] == [
        "step-00000006 was skipped: another version of textune wrote it, in format 2"
    ]
    assert holds(tmp_path, 3)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("damage", [truncate, delete, flip_a_bit, add_a_byte])
def test_a_damaged_file_leads_to_the_checkpoint_before(
    tmp_path: Path, damage: Callable[[Path], None], name: str
) -> None:
    save(tmp_path, 3, 6)
    damage(tmp_path / "step-00000006" / name)

    _, (skipped,) = find_checkpoint(tmp_path)

    assert holds(tmp_path, 3)
    assert skipped.startswith("step-00000006 was skipped: ")
    assert name in skipped or "manifest.json" in skipped


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (truncate, r"weights.safetensors has \d+ bytes instead of \d+"),
        (delete, "weights.safetensors is missing"),
        (flip_a_bit, "weights.safetensors has changed since it was written"),
    ],
)
def test_why_a_checkpoint_is_skipped_is_said(
    tmp_path: Path, damage: Callable[[Path], None], reason: str
) -> None:
    save(tmp_path, 3, 6)
    damage(tmp_path / "step-00000006" / "weights.safetensors")

    _, (skipped,) = find_checkpoint(tmp_path)

    with pytest.raises(ValueError, match=reason):
        raise ValueError(skipped)


@pytest.mark.parametrize("bit", range(8))
def test_no_flipped_bit_of_a_manifest_is_taken_for_the_manifest(tmp_path: Path, bit: int) -> None:
    save(tmp_path, 3)
    path = tmp_path / "step-00000003" / "manifest.json"
    contents = path.read_bytes()

    def is_noticed(place: int) -> bool:
        path.write_bytes(contents[:place] + bytes([contents[place] ^ (1 << bit)]) + contents[place + 1 :])
        return find_checkpoint(tmp_path)[0] is None

    assert [place for place in range(len(contents)) if not is_noticed(place)] == []


def test_a_file_that_the_manifest_does_not_list_is_a_fault(tmp_path: Path) -> None:
    save(tmp_path, 3, 6)
    (tmp_path / "step-00000006" / "more.safetensors").write_bytes(b"")

    assert find_checkpoint(tmp_path)[1] == [
        "step-00000006 was skipped: more.safetensors is not in manifest.json"
    ]
    assert holds(tmp_path, 3)


def test_where_both_are_damaged_both_are_named_and_none_is_used(tmp_path: Path) -> None:
    save(tmp_path, 3, 6)
    truncate(tmp_path / "step-00000003" / "state.json")
    truncate(tmp_path / "step-00000006" / "state.json")

    checkpoint, skipped = find_checkpoint(tmp_path)

    assert checkpoint is None
    assert [sentence.split()[0] for sentence in skipped] == ["step-00000006", "step-00000003"]


def test_two_checkpoints_remain(tmp_path: Path) -> None:
    save(tmp_path, 3, 6, 9, 12)

    assert names_in(tmp_path) == ["step-00000009", "step-00000012"]


def test_a_damaged_checkpoint_is_replaced_when_its_step_comes_again(tmp_path: Path) -> None:
    save(tmp_path, 3, 6)
    flip_a_bit(tmp_path / "step-00000006" / "weights.safetensors")

    save(tmp_path, 6)

    assert holds(tmp_path, 6)
    assert names_in(tmp_path) == ["step-00000003", "step-00000006"]


def test_a_damaged_checkpoint_from_later_on_goes_with_the_next_save(tmp_path: Path) -> None:
    save(tmp_path, 3, 7)
    flip_a_bit(tmp_path / "step-00000007" / "weights.safetensors")

    save(tmp_path, 6)

    assert names_in(tmp_path) == ["step-00000003", "step-00000006"]


def test_what_a_save_left_unfinished_is_named_and_not_used(tmp_path: Path) -> None:
    save(tmp_path, 3, 6)
    shutil.copytree(tmp_path / "step-00000006", tmp_path / ".step-00000009.partial")

    assert find_checkpoint(tmp_path)[1] == [".step-00000009.partial was skipped: it was not finished"]
    assert holds(tmp_path, 6)


def test_what_a_save_left_unfinished_goes_with_the_next_save(tmp_path: Path) -> None:
    save(tmp_path, 3, 6)
    shutil.copytree(tmp_path / "step-00000006", tmp_path / ".step-00000008.partial")

    save(tmp_path, 9)

    assert names_in(tmp_path) == ["step-00000006", "step-00000009"]


def test_three_are_there_at_most_even_after_a_save_that_ended_before_the_oldest_went(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path / "new", 9)
    save(tmp_path / "all", 3, 6)
    (tmp_path / "new" / "step-00000009").rename(tmp_path / "all" / "step-00000009")
    most: list[int] = []
    monkeypatch.setattr(files, "os", WatchedOs(lambda name: most.append(len(names_in(tmp_path / "all")))))

    save(tmp_path / "all", 12)

    assert max(most) == checkpoints.MOST_AT_ONCE


def test_a_good_checkpoint_outlives_two_damaged_ones_while_the_next_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path / "new", 9)
    save(tmp_path / "all", 3, 6)
    (tmp_path / "new" / "step-00000009").rename(tmp_path / "all" / "step-00000009")
    truncate(tmp_path / "all" / "step-00000006" / "state.json")
    truncate(tmp_path / "all" / "step-00000009" / "state.json")
    monkeypatch.setattr(files, "os", WatchedOs(fail_at(1, errno.EIO)))

    with pytest.raises(StorageError):
        save(tmp_path / "all", 10)

    assert holds(tmp_path / "all", 3)


def test_saving_where_a_good_checkpoint_is_leaves_it(tmp_path: Path) -> None:
    save(tmp_path, 3)
    before = (tmp_path / "step-00000003").stat().st_ino

    save(tmp_path, 3)

    assert (tmp_path / "step-00000003").stat().st_ino == before


def test_a_save_makes_so_many_calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    monkeypatch.setattr(files, "os", WatchedOs(calls.append))

    save(tmp_path, 3)

    assert calls == [*["write", "fsync"] * len(NAMES), "fsync", "rename", "fsync"]


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("number", range(1, CALLS + 1))
def test_an_error_at_any_call_leaves_a_whole_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: int
) -> None:
    save(tmp_path, 3, 6)
    monkeypatch.setattr(files, "os", WatchedOs(fail_at(number, code)))

    with pytest.raises(StorageError):
        save(tmp_path, 9)

    assert holds(tmp_path, 6, 9)
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("number", range(1, CALLS + 1))
def test_after_an_error_at_any_call_the_next_save_goes_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    save(tmp_path, 3, 6)
    monkeypatch.setattr(files, "os", WatchedOs(fail_at(number, errno.EIO)))
    with pytest.raises(StorageError):
        save(tmp_path, 9)

    save(tmp_path, 12)

    assert holds(tmp_path, 12)
    assert len(names_in(tmp_path)) == 2


def test_an_error_after_the_last_call_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "os", WatchedOs(fail_at(CALLS + 1, errno.EIO)))

    save(tmp_path, 9)

    assert holds(tmp_path, 9)


def test_a_full_disk_is_reported_with_what_is_needed_and_free_and_what_is_still_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path, 3, 6)
    monkeypatch.setattr(files, "os", WatchedOs(fail_at(1, errno.ENOSPC)))
    monkeypatch.setattr(checkpoints, "free_bytes", lambda path: 1_234_567_890)
    big = {"weights": {"0": torch.zeros(5_000_000)}}

    with pytest.raises(
        StorageError, match=r"takes 20\.0 MB.*1,234\.6 MB are free.*step-00000006 is still good"
    ):
        save_checkpoint(tmp_path, 9, big, {})


def test_a_full_disk_at_the_first_checkpoint_says_that_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "os", WatchedOs(fail_at(1, errno.ENOSPC)))

    with pytest.raises(StorageError, match="There is no checkpoint yet"):
        save(tmp_path, 3)


def test_a_disk_that_gives_back_other_bytes_is_noticed_and_the_checkpoint_before_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path, 3, 6)

    def lose_a_byte(path: Path, contents: bytes) -> None:
        files.write_bytes(path, contents[:-1] + bytes([contents[-1] ^ 1]))

    monkeypatch.setattr(checkpoints, "write_bytes", lose_a_byte)

    with pytest.raises(StorageError, match="differs from what was written"):
        save(tmp_path, 9)

    assert holds(tmp_path, 6)


def test_a_system_that_writes_a_few_bytes_at_a_time_gets_all_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow(WatchedOs):
        def __getattr__(self, name: str) -> Any:
            if name == "write":
                return lambda handle, contents: os.write(handle, contents[:7])
            return super().__getattr__(name)

    monkeypatch.setattr(files, "os", Slow(lambda name: None))

    save(tmp_path, 3)

    assert holds(tmp_path, 3)
    assert json.loads((tmp_path / "step-00000003" / "state.json").read_text()) == {"step": 3}
