"""The writer of the log: requests in from any thread, which never waits; files out, from threads of its own.

A thread takes what has come, several times a second, and appends it to a journal, so that a kill loses less
than a second. A second thread does what may take longer: it waits for the disk, makes Parquet files of
finished journals and deletes the oldest files. If the disk is full or the folder cannot be written, requests
are dropped and counted, and a sentence is passed on; the writer tries again every few seconds.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue

from textune.errors import TextuneError
from textune.logbook.log_folder import delete_oldest, finish_abandoned, finish_journal, folder_bytes
from textune.logbook.log_journal import LogJournal
from textune.logbook.logged_request import LoggedRequest, LogHeader, to_bytes

_SECONDS_BETWEEN_WRITES = 0.2
"""A kill loses what came since the last write, and a power failure what came since the last sync."""
_SECONDS_BETWEEN_SYNCS = 1.0
_SECONDS_UNTIL_AGAIN = 5.0
"""How long after an error the writer tries again."""
_SECONDS_BETWEEN_RECOVERIES = 60.0
_SECONDS_TO_CLOSE = 5.0
_MOST_WAITING = 20_000
"""Texts that wait in memory for the disk; those for which there is no room are dropped and counted."""
_JOURNAL_BYTES = 16_000_000
_JOURNAL_SECONDS = 3600.0
_FILES = 8
"""The least number of files that a full folder holds, so that the oldest is a small part of it."""


class PredictionLog:
    """Keeps a sample of requests in a folder; counts, which any thread may read, say how that goes.

    Args:
        folder: The folder; it is made where it is missing.
        header: What the requests have in common.
        most_bytes: The maximum size of the folder.
        say: Gets sentences about what goes wrong and how it ends, and whether it is an error; on any thread.
        observe: Gets the requests that are kept, from the writer's thread.
        key: Decides, together with its id and number, whether a request is kept; drawn by default.

    Attributes:
        texts: The number of texts in the journals so far.
        failing: Whether the last attempt to write failed.
        bytes: The size of the folder.
    """

    def __init__(
        self,
        folder: Path,
        header: LogHeader,
        *,
        most_bytes: int,
        say: Callable[[str, bool], None] = lambda sentence, is_error: None,
        observe: Callable[[list[LoggedRequest]], None] = lambda requests: None,
        key: bytes = b"",
    ) -> None:
        self.header = header
        self.texts = self.bytes = 0
        self.failing = False
        self._folder, self._most_bytes, self._say, self._observe = folder, most_bytes, say, observe
        self._journal_bytes = min(_JOURNAL_BYTES, most_bytes // _FILES)
        self._key, self._seen = key or secrets.token_bytes(16), 0
        self._requests: SimpleQueue[LoggedRequest] = SimpleQueue()
        # Each of these has one thread that changes it.
        self._admitted = self._refused = self._taken = self._lost = 0
        self._ending = threading.Event()
        self._journal: LogJournal | None = None
        self._again = self._recover_at = 0.0
        self._said: set[str] = set()
        self._keeper = ThreadPoolExecutor(1, thread_name_prefix="log-keeper")
        self._keeping: Future[None] | None = None
        self._thread = threading.Thread(target=self._work, name="log-writer", daemon=True)

    @property
    def dropped(self) -> int:
        """The number of texts that could not be kept."""
        return self._refused + self._lost

    def start(self) -> None:
        """Begin to write; what servers that were killed have left is finished first."""
        self._thread.start()

    def keeps(self, request_id: str) -> bool:
        """Return whether the next request, of this id, belongs to the sample; a key decides, not the client.

        Called once per request, from one thread.
        """
        self._seen += 1
        if self.header.sample >= 1:
            return True
        name = f"{self._seen} {request_id}".encode()
        digest = hashlib.blake2b(name, digest_size=8, key=self._key).digest()
        return int.from_bytes(digest, "little") < self.header.sample * 2**64

    def put(self, request: LoggedRequest) -> None:
        """Take a request to be written, or drop it if too many wait; called from one thread."""
        count = len(request.logits)
        if self._admitted - self._taken + count > _MOST_WAITING:
            self._refused += count
            return
        self._admitted += count
        self._requests.put(request)

    def close(self) -> None:
        """Write what has come, make a Parquet file of it, and end; after some seconds, leave the rest."""
        self._ending.set()
        self._thread.join(_SECONDS_TO_CLOSE)

    def _work(self) -> None:
        sync_at = 0.0
        while True:
            is_last = self._ending.wait(_SECONDS_BETWEEN_WRITES)
            self._write()
            if is_last:
                break
            now = time.monotonic()
            if self._journal is not None and self._is_full(self._journal):
                self._hand_over()
            if now >= sync_at and (self._keeping is None or self._keeping.done()):
                self._keeping = self._keeper.submit(self._keep, self._journal)
                sync_at = now + _SECONDS_BETWEEN_SYNCS
        self._hand_over()
        self._keeper.submit(self._keep, None)
        self._keeper.shutdown()

    def _is_full(self, journal: LogJournal) -> bool:
        return journal.size >= self._journal_bytes or time.monotonic() - journal.opened >= _JOURNAL_SECONDS

    def _write(self) -> None:
        """Append what waits to the journal, in pieces, so that no journal becomes much too large."""
        while requests := self._take():
            count = sum(len(request.logits) for request in requests)
            if time.monotonic() < self._again:
                self._lost += count
                continue
            try:
                self._append(requests)
                self._observe(requests)
            except Exception as error:  # Whatever it is, the server goes on.
                self._lost += count
                self._fail(error)
                continue
            self.texts += count
            if self.failing:
                self.failing = False
                self._say(f"Predictions are kept again; {self.dropped:,} texts so far were not.", False)

    def _take(self) -> list[LoggedRequest]:
        requests, texts = list[LoggedRequest](), 0
        with suppress(Empty):
            while texts < 1024:
                request = self._requests.get_nowait()
                requests.append(request)
                texts += len(request.logits)
        self._taken += texts
        return requests

    def _append(self, requests: list[LoggedRequest]) -> None:
        payloads = [to_bytes(request, self.header) for request in requests]
        if self._journal is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._journal = LogJournal(self._folder, self.header, began=requests[0].seconds)
        self._journal.append(payloads)

    def _fail(self, error: Exception) -> None:
        self._again = time.monotonic() + _SECONDS_UNTIL_AGAIN
        if not self.failing:
            # The message of another error could quote a text.
            what = error.strerror if isinstance(error, OSError) else type(error).__name__
            self._say(f"Predictions are not kept in {self._folder}: {what}. The server tries again.", True)
        self.failing = True

    def _hand_over(self) -> None:
        """Let the second thread finish the journal; the next request begins another."""
        if self._journal is not None:
            self._keeper.submit(self._finish, self._journal)
            self._journal = None

    def _keep(self, journal: LogJournal | None) -> None:
        """Do what takes time: wait for the disk, bound the folder, and finish what others have left."""
        try:
            if journal is not None:
                journal.sync()
            if time.monotonic() >= self._recover_at:
                self._recover_at = time.monotonic() + _SECONDS_BETWEEN_RECOVERIES
                self._report(finish_abandoned(self._folder))
            # Until the next look, a journal grows, and another becomes a Parquet file.
            delete_oldest(self._folder, most_bytes=self._most_bytes - 2 * self._journal_bytes)
            self.bytes = folder_bytes(self._folder)
        except (OSError, TextuneError, ValueError) as error:
            self._complain(error)

    def _finish(self, journal: LogJournal) -> None:
        try:
            self._report(finish_journal(journal.path))
        except (OSError, TextuneError, ValueError) as error:
            self._complain(error)
        finally:
            journal.close()

    def _report(self, notes: list[str]) -> None:
        for note in notes:
            if note not in self._said:
                self._said.add(note)
                self._say(note, False)

    def _complain(self, error: Exception) -> None:
        """Say once what the second thread could not do; the journals stay, and it tries again."""
        what = error.message if isinstance(error, TextuneError) else str(error)
        if what not in self._said:
            self._said.add(what)
            self._say(f"The log of predictions cannot be tidied: {what}", True)
