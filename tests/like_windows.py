"""This process as if on Windows: what that lacks is gone, and what it refuses is refused.

In: nothing; `pretend` must be called before textune is imported. As a script, this runs all that writes files
in such a process: it gets the folder of a tiny model, a file of labelled texts, and a folder to write in.
Neither the separator of paths nor the encoding of text changes.
"""

from __future__ import annotations

import errno
import mmap
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

O_BINARY = 0o100000
"""A flag that means nothing to Linux on processors of 64 bits."""


def pretend() -> None:
    """Take away what Windows lacks, and refuse what it refuses; libraries that are here have found theirs."""
    import fcntl

    import datasets  # noqa: F401
    import transformers.models.distilbert.modeling_distilbert  # noqa: F401

    sys.modules["fcntl"] = sys.modules["resource"] = None  # type: ignore[assignment]
    del os.sched_getaffinity, os.posix_fallocate, mmap.MADV_DONTNEED
    os.O_BINARY = O_BINARY  # type: ignore[attr-defined]
    os.open = _opens_as_binary(os.open)
    os.fsync = _syncs_what_it_may_write(os.fsync, lambda handle: fcntl.fcntl(handle, fcntl.F_GETFL))
    for name in ("rename", "replace", "unlink", "remove"):
        setattr(os, name, _leaves_open_files(getattr(os, name)))
    from textune import files

    files.HOLDS_OPEN_FILES = True


def _opens_as_binary(real: Callable[..., int]) -> Callable[..., int]:
    def opened(path: Any, flags: int, *arguments: Any, **options: Any) -> int:
        is_text = flags & (os.O_WRONLY | os.O_RDWR) and not flags & O_BINARY
        if is_text and str(path).endswith((".jsonl", ".journal", ".json", ".safetensors")):
            raise AssertionError(f"{path} is opened as text: its line ends would be changed")
        return real(path, flags, *arguments, **options)

    return opened


def _syncs_what_it_may_write(
    real: Callable[[int], None], flags: Callable[[int], int]
) -> Callable[[int], None]:
    def sync(handle: int) -> None:
        is_file = not os.path.isdir(f"/proc/self/fd/{handle}")  # noqa: PTH112
        if is_file and flags(handle) & (os.O_WRONLY | os.O_RDWR) == 0:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        real(handle)

    return sync


def _leaves_open_files(real: Callable[..., None]) -> Callable[..., None]:
    def change(path: Any, *arguments: Any, **options: Any) -> None:
        folder = options.get("dir_fd")
        whole = os.path.join(f"/proc/self/fd/{folder}", path) if folder is not None else path  # noqa: PTH118
        for each in (whole, *arguments[:1]):
            if open_file := _open_within(Path(os.path.realpath(each))):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), open_file)
        real(path, *arguments, **options)

    return change


def _open_within(path: Path) -> str:
    """Return a file that this process has open or mapped, and that is the path or in it; empty if none is."""
    maps = Path("/proc/self/maps").read_text(encoding="utf-8").splitlines()
    names = [line.split(maxsplit=5)[-1] for line in maps]
    for handle in Path("/proc/self/fd").iterdir():
        try:
            target = os.readlink(handle)  # noqa: PTH115
        except FileNotFoundError:  # The handle of this search itself.
            continue
        if not os.path.isdir(target):  # noqa: PTH112
            names.append(target)
    return next((name for name in names if name.startswith("/") and Path(name).is_relative_to(path)), "")


def _write_everything(model: str, data: str, folder: Path) -> None:
    """Train with checkpoints and cached states, classify a file, label, and keep predictions."""
    import textune
    from kept_requests import kept_request, prediction_log
    from textune.commands.predict import predict
    from textune.encoder.cache import FeatureCache
    from textune.labelling.answer_log import AnswerLog

    settings = ["model.frozen_layers=1", "train.save_steps=1", "train.num_train_epochs=2"]
    run = textune.train("full", model=model, data=data, out=folder / "run", settings=settings).run
    predict(run, input_file=data, output=folder / "predicted.csv")
    AnswerLog(folder / "labels").append({"event": "label", "name": "joy"})
    with_log = prediction_log(folder / "log")
    with_log.put(kept_request(1))
    with_log.close()
    cached = FeatureCache().entries()
    assert not [entry for entry in cached if "unfinished" in entry.description]
    assert FeatureCache().clear()[0] == len(cached) > 1


if __name__ == "__main__":
    pretend()
    _write_everything(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
