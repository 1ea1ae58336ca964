"""The feature cache: computed once, read again, bounded, never damaged unnoticed."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from textune.encoder.cache import FeatureCache, feature_key
from textune.errors import RequestError

ARRAY = np.arange(6, dtype=np.float32).reshape(2, 3)
SHAPE: dict[str, Any] = {"weights": "abc", "layers": [-1]}
MAPPED = np.arange(6, dtype=np.int16).reshape(2, 3)


def never(*_: Any) -> Any:
    raise AssertionError("the features were computed again")


def filled(folder: Path, **options: Any) -> FeatureCache:
    """Return a cache that holds ARRAY under the key "key"."""
    cache = FeatureCache(folder, **options)
    cache.get_or_compute("key", lambda: ARRAY, description="tiny · test")
    return cache


def fill(array: Any, block: int) -> None:
    array[:] = MAPPED


def mapped(cache: FeatureCache, write: Any = fill, **options: Any) -> Any:
    """Return what a cache gives for the mapped array under the key "key"."""
    return cache.get_or_write(
        "key", (2, 3), write, **({"description": "tiny · mapped", "dtype": np.int16} | options)
    )


def only_file(cache: FeatureCache) -> Path:
    (entry,) = cache.entries()
    return entry.path


def test_what_is_not_there_is_computed(tmp_path: Path) -> None:
    array, cached = FeatureCache(tmp_path).get_or_compute("key", lambda: ARRAY, description="")

    assert not cached
    np.testing.assert_array_equal(array, ARRAY)


def test_what_was_computed_is_read_again_to_the_same_bits(tmp_path: Path) -> None:
    array, cached = filled(tmp_path).get_or_compute("key", never, description="")

    assert cached
    assert array.tobytes() == ARRAY.tobytes()


@pytest.mark.parametrize("position", [0, 5, -1])
def test_a_damaged_entry_counts_as_absent(tmp_path: Path, position: int) -> None:
    cache = filled(tmp_path)
    data = bytearray(only_file(cache).read_bytes())
    data[position] ^= 1
    only_file(cache).write_bytes(data)

    array, cached = cache.get_or_compute("key", lambda: ARRAY, description="")

    assert not cached
    np.testing.assert_array_equal(array, ARRAY)


def test_a_truncated_entry_counts_as_absent(tmp_path: Path) -> None:
    cache = filled(tmp_path)
    only_file(cache).write_bytes(only_file(cache).read_bytes()[:-3])

    assert not cache.get_or_compute("key", lambda: ARRAY, description="")[1]


def test_the_least_recently_used_entry_makes_room(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path)
    cache.get_or_compute("old", lambda: ARRAY, description="old")
    cache.get_or_compute("new", lambda: ARRAY, description="new")
    by_name = {entry.description: entry.path for entry in cache.entries()}
    cache.max_bytes = sum(entry.bytes for entry in cache.entries())
    os.utime(by_name["old"], (2_000_000_000, 2_000_000_000))
    os.utime(by_name["new"], (1_000_000_000, 1_000_000_000))

    cache.get_or_compute("third", lambda: ARRAY, description="third")

    assert {entry.description for entry in cache.entries()} == {"old", "third"}


def test_an_array_larger_than_the_bound_is_not_kept(tmp_path: Path) -> None:
    assert filled(tmp_path, max_bytes=10).entries() == []


def test_an_entry_whose_shape_does_not_fit_counts_as_absent(tmp_path: Path) -> None:
    cache = filled(tmp_path)
    data = only_file(cache).read_bytes()
    only_file(cache).write_bytes(data.replace(b"[2, 3]", b"[2, 9]"))

    assert not cache.get_or_compute("key", lambda: ARRAY, description="")[1]


def test_a_cache_that_cannot_be_written_gives_the_array_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "features").write_text("a file in the way", encoding="utf-8")

    array, cached = FeatureCache(tmp_path).get_or_compute("key", lambda: ARRAY, description="")

    assert not cached
    np.testing.assert_array_equal(array, ARRAY)


def test_what_a_stopped_command_has_left_over_is_cleared(tmp_path: Path) -> None:
    cache = filled(tmp_path)
    (cache.folder / ".other.features.x1.partial").write_bytes(b"half")

    assert cache.clear()[0] == 2
    assert list(cache.folder.iterdir()) == []


def test_clearing_empties_the_cache_and_says_what_went(tmp_path: Path) -> None:
    cache = filled(tmp_path)
    size = only_file(cache).stat().st_size

    assert cache.clear() == (1, size)
    assert cache.entries() == []


def test_entries_say_what_they_are(tmp_path: Path) -> None:
    (entry,) = filled(tmp_path).entries()

    assert entry.description == "tiny · test"
    assert entry.bytes == entry.path.stat().st_size


@pytest.mark.parametrize(
    ("shape", "rows"),
    [
        (SHAPE | {"weights": "abd"}, [[1, 2], [3]]),
        (SHAPE | {"layers": [-2]}, [[1, 2], [3]]),
        (SHAPE, [[1], [2, 3]]),
        (SHAPE, [[1, 2], [4]]),
        (SHAPE, [[3], [1, 2]]),
        (SHAPE, [[1, 2]]),
    ],
)
def test_another_setting_or_text_or_order_has_another_key(
    shape: dict[str, Any], rows: list[list[int]]
) -> None:
    assert feature_key(shape, rows) != feature_key(SHAPE, [[1, 2], [3]])


def test_the_same_settings_and_texts_have_the_same_key() -> None:
    reordered = dict(reversed(SHAPE.items()))

    assert feature_key(reordered, [[1, 2], [3]]) == feature_key(SHAPE, [[1, 2], [3]])


def test_a_bound_that_is_not_a_number_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEXTUNE_CACHE_MEGABYTES", "many")

    with pytest.raises(RequestError, match="TEXTUNE_CACHE_MEGABYTES is 'many'"):
        FeatureCache(tmp_path)


def test_a_mapped_array_that_is_not_there_is_written(tmp_path: Path) -> None:
    array, cached = mapped(FeatureCache(tmp_path))

    assert not cached
    np.testing.assert_array_equal(array, MAPPED)


def test_a_mapped_array_is_not_written_again(tmp_path: Path) -> None:
    mapped(FeatureCache(tmp_path))

    array, cached = mapped(FeatureCache(tmp_path), never)

    assert cached
    np.testing.assert_array_equal(array, MAPPED)


def test_a_change_to_a_mapped_array_stays_in_memory(tmp_path: Path) -> None:
    array, _ = mapped(FeatureCache(tmp_path))

    array[:] = 7

    np.testing.assert_array_equal(mapped(FeatureCache(tmp_path), never)[0], MAPPED)


@pytest.mark.parametrize("position", [0, 5, 4096, -1])
def test_a_damaged_mapped_array_counts_as_absent(tmp_path: Path, position: int) -> None:
    cache = FeatureCache(tmp_path)
    mapped(cache)
    data = bytearray(only_file(cache).read_bytes())
    data[position] ^= 1
    only_file(cache).write_bytes(data)

    array, cached = mapped(cache)

    assert not cached
    np.testing.assert_array_equal(array, MAPPED)


def test_a_truncated_mapped_array_counts_as_absent(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path)
    mapped(cache)
    only_file(cache).write_bytes(only_file(cache).read_bytes()[:-3])

    assert not mapped(cache)[1]


def test_a_mapped_array_of_another_shape_counts_as_absent(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path)
    mapped(cache)

    stored = cache.get_or_write("key", (3, 2), lambda array, _: array.fill(1), dtype=np.int16, description="")

    assert stored is not None
    assert not stored[1]


def test_a_mapped_array_larger_than_the_bound_is_not_written(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path, max_bytes=MAPPED.nbytes - 1)

    assert mapped(cache, never) is None
    assert cache.entries() == []


def test_a_cache_that_cannot_be_written_gives_no_mapped_array(tmp_path: Path) -> None:
    (tmp_path / "features").write_text("a file in the way", encoding="utf-8")

    assert mapped(FeatureCache(tmp_path)) is None


def test_a_disk_that_is_full_gives_no_mapped_array(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    cache = FeatureCache(tmp_path)
    monkeypatch.setattr(os, "posix_fallocate", full)

    assert mapped(cache, never) is None
    assert cache.entries() == []


def test_a_mapped_array_that_could_not_be_computed_leaves_nothing(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path)

    with pytest.raises(AssertionError, match="computed again"):
        mapped(cache, never)

    assert list(cache.folder.iterdir()) == []


def test_the_least_recently_used_entry_makes_room_for_a_mapped_array(tmp_path: Path) -> None:
    cache = filled(tmp_path)
    cache.max_bytes = only_file(cache).stat().st_size

    mapped(cache)

    assert [entry.description for entry in cache.entries()] == ["tiny · mapped"]


def test_a_mapped_array_may_have_a_long_description(tmp_path: Path) -> None:
    array, cached = mapped(FeatureCache(tmp_path), description="ü" * 5000)

    assert not cached
    np.testing.assert_array_equal(array, MAPPED)


def test_a_mapped_array_larger_than_the_bound_may_be_written_for_this_process_alone(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path, max_bytes=MAPPED.nbytes - 1)

    array, cached = mapped(cache, beyond_limit=True)

    np.testing.assert_array_equal(array, MAPPED)
    assert not cached
    assert cache.entries() == []
    assert list(cache.folder.iterdir()) == []


def stop_after(block_count: int) -> Any:
    """Return a function that writes row by row, each a block, and stops after some of them."""
    written: list[int] = []

    def write(array: Any, block: int) -> None:
        if len(written) == block_count:
            raise KeyboardInterrupt
        array[block] = MAPPED[block]
        written.append(block)

    return write


BLOCKS = [np.array([0]), np.array([1])]


def test_a_mapped_array_that_was_stopped_is_continued(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        mapped(cache, stop_after(1), blocks=BLOCKS)
    missing: list[int] = []

    array, cached = mapped(cache, stop_after(1), blocks=BLOCKS, on_resume=missing.extend)

    assert missing == [1]
    assert not cached
    np.testing.assert_array_equal(array, MAPPED)


def test_an_array_that_was_stopped_is_listed_as_unfinished(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        mapped(cache, stop_after(1), blocks=BLOCKS)

    assert [entry.description for entry in cache.entries()] == ["tiny · mapped · unfinished"]


def test_two_processes_that_write_the_same_array_do_not_wait_for_each_other(tmp_path: Path) -> None:
    cache, inner = FeatureCache(tmp_path), []

    def write(array: Any, block: int) -> None:
        inner.append(mapped(cache))  # Another one, which finishes first.
        fill(array, block)

    array, _ = mapped(cache, write)

    np.testing.assert_array_equal(array, MAPPED)
    np.testing.assert_array_equal(inner[0][0], MAPPED)
    assert len(list(cache.folder.iterdir())) == 1
