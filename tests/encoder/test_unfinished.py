"""An array that is filled block by block: what was finished is found again, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from textune.encoder.unfinished import HEADER_BYTES, BusyError, unfinished_array

ARRAY = np.arange(12, dtype=np.float32).reshape(4, 3)
BLOCKS = [np.array([2, 0]), np.array([1]), np.array([3])]


def opened(path: Path, shape: tuple[int, int] = (4, 3)) -> Any:
    return unfinished_array(path, {"description": "tiny"}, shape=shape, dtype=np.float32, blocks=BLOCKS)


def fill(path: Path, blocks: Sequence[int]) -> None:
    """Finish some blocks, and stop."""
    with opened(path) as stored:
        for block in blocks:
            stored.array[BLOCKS[block]] = ARRAY[BLOCKS[block]]
            stored.finish(block)


def missing(path: Path) -> list[int]:
    with opened(path) as stored:
        return list(stored.missing)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "array"


def test_of_a_new_array_all_blocks_are_missing(path: Path) -> None:
    assert missing(path) == [0, 1, 2]


def test_finished_blocks_are_found_again(path: Path) -> None:
    fill(path, [0])
    fill(path, [2])

    with opened(path) as stored:
        assert stored.missing == [1]
        np.testing.assert_array_equal(stored.array[[0, 2, 3]], ARRAY[[0, 2, 3]])


def test_a_block_that_was_written_and_not_finished_is_missing(path: Path) -> None:
    fill(path, [0])
    with opened(path) as stored:
        stored.array[1] = ARRAY[1]

    assert missing(path) == [1, 2]


def test_a_finished_block_whose_rows_have_changed_is_missing(path: Path) -> None:
    fill(path, [0, 1])
    data = bytearray(path.read_bytes())
    data[HEADER_BYTES] ^= 1
    path.write_bytes(data)

    assert missing(path) == [0, 2]


def test_a_line_that_was_not_written_whole_counts_for_nothing(path: Path) -> None:
    fill(path, [0, 1])
    path.write_bytes(path.read_bytes()[:-5])

    assert missing(path) == [1, 2]


def test_a_line_after_one_that_was_not_written_whole_counts(path: Path) -> None:
    fill(path, [0, 1])
    path.write_bytes(path.read_bytes()[:-5])
    fill(path, [2])

    assert missing(path) == [1]


@pytest.mark.parametrize(
    "line", [b"[]\n", b"no json\n", b'{"block": 7, "sha256": ""}\n', b'{"block": "1"}\n']
)
def test_a_line_of_another_kind_counts_for_nothing(path: Path, line: bytes) -> None:
    fill(path, [0])
    path.write_bytes(path.read_bytes() + line)

    assert missing(path) == [1, 2]


def test_an_array_of_another_shape_is_started_over(path: Path) -> None:
    fill(path, [0, 1])

    with opened(path, shape=(5, 3)) as stored:
        assert stored.missing == [0, 1, 2]
        assert stored.array.shape == (5, 3)


def test_a_file_of_something_else_is_started_over(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"something else")

    assert missing(path) == [0, 1, 2]


def test_an_array_is_filled_by_one_process_alone(path: Path) -> None:
    with opened(path), pytest.raises(BusyError), opened(path):
        pass


def test_a_complete_file_holds_header_and_array_and_no_more(path: Path) -> None:
    fill(path, [0, 1])
    with opened(path) as stored:
        stored.array[3] = ARRAY[3]
        stored.finish(2)
        stored.complete()

    assert path.read_bytes()[HEADER_BYTES:] == ARRAY.tobytes()
