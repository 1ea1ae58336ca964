"""What a server keeps of its requests, and how much of it.

`textune --help` imports this module, so it imports nothing heavy.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from textune.errors import RequestError

LEAST_MEGABYTES = 10
"""The minimum of a folder's limit: less would hold a few files of a few hundred texts."""


@dataclass(frozen=True)
class LogOptions:
    """Where a server keeps its predictions, and how many.

    Attributes:
        folder: The folder, which is made where it is missing; several servers may share it.
        sample: The share of requests that are kept, above 0 and at most 1.
        texts: Whether the texts themselves are kept, too.
        megabytes: The maximum size of the folder; the oldest files are deleted beyond it.
    """

    folder: Path
    sample: float = 1.0
    texts: bool = False
    megabytes: int = 1000

    def check(self, *, learns: bool) -> None:
        """Raise a `RequestError` if the options make no sense, as for a classifier that `learns`."""
        if learns:
            raise RequestError(
                "--log keeps what one classifier predicts, and with --label-studio it learns all the time.",
                "Leave out one of the two.",
            )
        if not 0 < self.sample <= 1:
            raise RequestError(
                f"--sample is {self.sample:g}, and must be above 0 and at most 1.",
                "0.1 keeps every tenth request, 1 keeps all.",
            )
        if self.megabytes < LEAST_MEGABYTES:
            raise RequestError(
                f"--log-megabytes is {self.megabytes}, and must be at least {LEAST_MEGABYTES}.",
                "A text takes 1 to 3 KB, without the text itself.",
            )
        is_other = False
        with suppress(OSError):  # What cannot be looked at does not keep a server from starting.
            is_other = self.folder.exists() and not self.folder.is_dir()
        if is_other:
            raise RequestError(
                f"The log cannot be kept in {self.folder}, which is not a folder.",
                "Give a folder with --log; it is made where it is missing.",
            )
