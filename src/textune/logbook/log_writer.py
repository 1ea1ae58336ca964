"""The writer of the log: requests in from any thread, which never waits; files out, from threads of its own.

A thread takes what has come, several times a second, and appends it to a journal, so that a kill loses less
than a second. A second thread does what may take longer: it waits for the disk, makes Parquet files of
finished journals and deletes the oldest files. If the disk is full or the folder cannot be written, requests
are dropped and counted, and a sentence is passed on; the writer tries again every few seconds.
"""

from __future__ import annotations

import errno
import hashlib
import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue

from textune.errors import TextuneError
from textune.files import HOLDS_OPEN_FILES
from textune.formats.text_pairs import characters_of
from textune.logbook.log_folder import delete_oldest, finish_abandoned, finish_journal, folder_bytes
from textune.logbook.log_journal import LogJournal
from textune.logbook.logged_request import LoggedRequest, LogHeader, to_bytes

_SECONDS_BETWEEN_WRITES = 0.2
"""A kill loses what came since the last write, and a power failure what came since the last sync."""
_SECONDS_BETWEEN_SYNCS = 1.0
_SECONDS_UNTIL_AGAIN = 5.0
"""How long after an error the writer tries again."""
_SECONDS_FOR_ROOM = 2.0
_SECONDS_BETWEEN_RECOVERIES = 60.0
_SECONDS_BETWEEN_COMPLAINTS = 3600.0
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
        look: Called about once a second, from a thread that may wait for the disk.
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
        look: Callable[[], None] = lambda: None,
        key: bytes = b"",
    ) -> None:
        self.header = header
        self.texts = self.bytes = 0
        self.failing = False
        self._folder, self._most_bytes = folder, most_bytes
        self._say, self._observe, self._look = say, observe, look
        self._journal_bytes = min(_JOURNAL_BYTES, most_bytes // _FILES)
        self._key, self._seen = key or secrets.token_bytes(16), 0
        self._requests: SimpleQueue[LoggedRequest] = SimpleQueue()
        # Each of these has one thread that changes it.
        self._admitted = self._refused = self._taken = self._lost = 0
        self._ending = threading.Event()
        self._journal: LogJournal | None = None
        self._written, self._measured = 0, (0, 0)
        self._again = self._recover_at = self._complain_at = 0.0
        self._said: set[str] = set()
        self._keeper = ThreadPoolExecutor(1, thread_name_prefix="log-keeper")
        self._keeping: Future[None] | None = None
        self._finishing: list[Future[None]] = []
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
            if self._journal is not None and now - self._journal.opened >= _JOURNAL_SECONDS:
                self._hand_over()
            if now >= sync_at and (self._keeping is None or self._keeping.done()):
                self._keeping = self._keeper.submit(self._keep, self._journal)
                sync_at = now + _SECONDS_BETWEEN_SYNCS
        self._hand_over()
        self._keeper.submit(self._keep, None)
        self._keeper.shutdown()

    def _write(self) -> None:
        """Append what waits to journals, in pieces that are small beside a journal."""
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
            if self._journal is not None and self._journal.size >= self._journal_bytes:
                self._hand_over()

    def _take(self) -> list[LoggedRequest]:
        requests, texts, size = list[LoggedRequest](), 0, 0
        with suppress(Empty):
            while size < self._journal_bytes // 4:
                request = self._requests.get_nowait()
                requests.append(request)
                texts += len(request.logits)
                size += _size_of(request)
        self._taken += texts
        return requests

    def _append(self, requests: list[LoggedRequest]) -> None:
        payloads = [to_bytes(request, self.header) for request in requests]
        self._make_room(sum(map(len, payloads)))
        if self._journal is not None and self._journal.is_gone:
            self._say(f"{self._journal.path} was deleted while it was written; another is begun.", True)
            self._keeper.submit(self._journal.close)
            self._journal = None
        if self._journal is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._journal = LogJournal(self._folder, self.header, began=requests[0].seconds)
        before = self._journal.size
        self._journal.append(payloads)
        self._written += self._journal.size - before

    def _make_room(self, size: int) -> None:
        """Delete the oldest files if the second thread has not come to it; raise an `OSError` if none can be.

        There must also be room for the Parquet file that the second thread may be writing: it has every
        probability besides the logits, so that it is at most twice as large as its journal.
        """
        most = self._most_bytes - 2 * self._journal_bytes
        if self._size() + size <= most:
            return
        # A journal cannot be deleted before it is finished.
        wait(self._finishing, timeout=_SECONDS_FOR_ROOM)
        delete_oldest(self._folder, most_bytes=most - self._journal_bytes)
        self._measure()
        if self._size() + size > most:
            raise OSError(errno.EDQUOT, "--log-megabytes is reached, and no file is finished")

    def _size(self) -> int:
        """Return the size of the folder, as it was measured last, with what has been written since."""
        size, written = self._measured
        return size + self._written - written

    def _measure(self) -> None:
        written = self._written
        self.bytes = folder_bytes(self._folder)
        self._measured = self.bytes, written

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
            self._finishing = [self._keeper.submit(self._finish, self._journal)]
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
            delete_oldest(self._folder, most_bytes=self._most_bytes - 3 * self._journal_bytes)
            self._measure()
            self._look()
        except (OSError, TextuneError, ValueError) as error:
            self._complain(error)

    def _finish(self, journal: LogJournal) -> None:
        try:
            if HOLDS_OPEN_FILES:
                journal.close()
            self._report(finish_journal(journal.path))
        except (OSError, TextuneError, ValueError) as error:
            self._complain(error)
        finally:
            if not HOLDS_OPEN_FILES:  # Until it is deleted, no other server may take it.
                journal.close()

    def _report(self, notes: list[str]) -> None:
        for note in notes:
            if note not in self._said:
                self._said.add(note)
                self._say(note, False)

    def _complain(self, error: Exception) -> None:
        """Say what the second thread could not do, at most once an hour; it tries again."""
        if time.monotonic() < self._complain_at:
            return
        self._complain_at = time.monotonic() + _SECONDS_BETWEEN_COMPLAINTS
        what = error.message if isinstance(error, TextuneError) else str(error)
        self._say(f"The log of predictions cannot be tidied: {what}", True)


def _size_of(request: LoggedRequest) -> int:
    """Return roughly how many bytes a request takes."""
    features = 0 if request.features is None else request.features.nbytes
    return request.logits.nbytes + features + sum(map(characters_of, request.texts or ()))
