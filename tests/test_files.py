"""Files that are written whole or not at all."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from textune.errors import ExportError, RequestError, StorageError
from textune.files import (
    atomic_path,
    foreign_storage_errors,
    free_bytes,
    is_full,
    notes_on_replacing,
    reading_errors,
    rename_folder,
    sha256_of,
    storage_errors,
    write_bytes,
    write_json,
    write_text,
)


def test_a_file_is_written_whole_with_its_folders(tmp_path: Path) -> None:
    write_text(tmp_path / "a" / "b.txt", "grüße\n")

    assert (tmp_path / "a" / "b.txt").read_bytes() == "grüße\n".encode()


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_a_file_has_the_mode_that_the_umask_gives(
    tmp_path: Path, set_umask: Callable[[int], int], umask: int, mode: int
) -> None:
    set_umask(umask)

    write_text(tmp_path / "file", "x")

    assert (tmp_path / "file").stat().st_mode & 0o777 == mode


def test_a_file_has_that_mode_even_where_the_block_wrote_it_for_its_owner_alone(
    tmp_path: Path, set_umask: Callable[[int], int]
) -> None:
    set_umask(0o022)

    with atomic_path(tmp_path / "file") as temporary:
        temporary.unlink()
        temporary.touch(mode=0o600)

    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o644


def test_a_file_that_may_not_be_read_is_reported_with_the_command_that_opens_it() -> None:
    with pytest.raises(ExportError) as caught, reading_errors(ExportError, Path("my export")):
        raise PermissionError(errno.EACCES, "Permission denied", "my export/graph.onnx")

    assert caught.value.message.startswith("my export/graph.onnx cannot be read")
    assert "chmod -R a+rX 'my export'" in caught.value.hint


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    write_json(file, {"old": 1})

    with pytest.raises(RuntimeError), atomic_path(file) as temporary:
        temporary.write_text("half", encoding="utf-8")
        raise RuntimeError

    assert json.loads(file.read_text(encoding="utf-8")) == {"old": 1}
    assert list(tmp_path.iterdir()) == [file]


def test_json_without_a_meaning_elsewhere_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "figures.json", {"loss": float("nan")})

    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_reported_with_the_free_space(tmp_path: Path) -> None:
    with (
        pytest.raises(StorageError, match=r"disk is full: .*\d+ MB are free"),
        storage_errors(tmp_path / "x"),
    ):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_folder_that_may_not_be_written_is_reported(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be written: Read-only"), storage_errors(tmp_path / "x"):
        raise OSError(errno.EROFS, "Read-only file system")


def test_a_full_disk_that_a_compiled_library_reports_is_recognised_as_one(tmp_path: Path) -> None:
    with (
        pytest.raises(StorageError, match="disk is full"),
        storage_errors(tmp_path / "x"),
        foreign_storage_errors(),
    ):
        raise Exception("Error while serializing: I/O error: No space left on device (os error 28)")


def test_what_else_a_compiled_library_reports_stays_as_it_is() -> None:
    with pytest.raises(ValueError, match="something else"), foreign_storage_errors():
        raise ValueError("something else")


def test_a_real_full_device_is_recognised_as_one() -> None:
    device = Path("/dev/full")

    with pytest.raises(StorageError, match="disk is full"), storage_errors(device):
        device.write_text("x", encoding="utf-8")


def test_the_hash_of_a_file_is_its_sha256(tmp_path: Path) -> None:
    file = tmp_path / "abc"
    file.write_bytes(b"abc")

    assert sha256_of(file) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_bytes_are_written_as_they_are(tmp_path: Path) -> None:
    write_bytes(tmp_path / "file", b"\x00\xff" * 1000)

    assert (tmp_path / "file").read_bytes() == b"\x00\xff" * 1000


def test_bytes_never_replace_a_file_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")

    with pytest.raises(FileExistsError):
        write_bytes(tmp_path / "file", b"new")

    assert (tmp_path / "file").read_bytes() == b"old"


def test_a_folder_gets_its_final_name_with_all_that_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "file").write_bytes(b"x")

    rename_folder(tmp_path / "half", tmp_path / "whole")

    assert [path.name for path in tmp_path.iterdir()] == ["whole"]
    assert (tmp_path / "whole" / "file").read_bytes() == b"x"


def test_a_folder_never_takes_the_name_of_one_that_holds_something(tmp_path: Path) -> None:
    (tmp_path / "half").mkdir()
    (tmp_path / "whole").mkdir()
    (tmp_path / "whole" / "file").touch()

    with pytest.raises(OSError, match="not empty"):
        rename_folder(tmp_path / "half", tmp_path / "whole")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), True),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), True),
        (OSError(errno.EACCES, "Permission denied"), False),
        (ValueError("no space"), False),
    ],
)
def test_a_full_disk_is_distinguished_from_other_errors(error: Exception, expected: bool) -> None:
    assert is_full(error) is expected


def test_a_full_disk_is_known_behind_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError) as caught, storage_errors(tmp_path):
        raise OSError(errno.ENOSPC, "No space left on device")

    assert is_full(caught.value)


def test_the_free_bytes_of_a_path_that_is_not_there_are_those_where_it_would_be(tmp_path: Path) -> None:
    assert free_bytes(tmp_path / "a" / "b") > 0


def test_a_file_that_is_about_to_be_replaced_is_named(tmp_path: Path) -> None:
    taken = tmp_path / "a.csv"
    taken.touch()

    assert notes_on_replacing(taken) == [f"{taken} exists; it is replaced when the new file is complete."]
    assert notes_on_replacing(tmp_path / "b.csv", sources=[str(tmp_path)]) == []


@pytest.mark.parametrize("source", ["", "a.csv", "../folder/a.csv"], ids=["folder", "file", "other name"])
def test_a_source_is_never_replaced(source: str, tmp_path: Path) -> None:
    path = tmp_path / "folder" / "a.csv"
    path.parent.mkdir()
    path.touch()

    with pytest.raises(RequestError, match="is the input itself, or a file in it"):
        notes_on_replacing(path, sources=["sample:emotion", str(path.parent / source)])
