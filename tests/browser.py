"""Chromium without a window, controlled through pipes: open a page, look at it, press its buttons.

In: an HTML file, or an address. Out: what scripts evaluated in it return, and what the browser complained of.
Speaks the DevTools protocol over file descriptors 3 and 4 (`--remote-debugging-pipe`), which needs neither a
port nor a package. Knows nothing of what the page shows.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

_SETTINGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
)
# Puts two pipes where Chromium looks for them, and becomes Chromium.
_LAUNCHER = """
import fcntl, os, sys
ends = [fcntl.fcntl(int(end), fcntl.F_DUPFD, 20) for end in sys.argv[1:3]]
for place, end in zip((3, 4), ends):
    os.dup2(end, place)
os.execv(sys.argv[3], sys.argv[3:])
"""


def find_chromium() -> str | None:
    """Return the path of a Chromium on this machine, or None."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next((path for name in names if (path := shutil.which(name))), None)


@contextmanager
def open_browser(path: str) -> Iterator[Browser]:
    """Run a Chromium until the block ends."""
    to_browser, from_here = os.pipe()
    to_here, from_browser = os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        launch = [sys.executable, "-c", _LAUNCHER, str(to_browser), str(from_browser), path]
        process = subprocess.Popen(
            [*launch, *_SETTINGS, f"--user-data-dir={profile}"],
            pass_fds=(to_browser, from_browser),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_browser)
        os.close(from_browser)
        with os.fdopen(from_here, "wb") as requests, os.fdopen(to_here, "rb") as answers:
            try:
                browser = Browser(requests, answers)
                yield browser
                browser.send("Browser.close")
            finally:
                try:
                    process.wait(timeout=10)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


@dataclass
class Browser:
    """A Chromium that is listening."""

    requests: IO[bytes]
    answers: IO[bytes]
    _number: int = 0
    _rest: bytes = b""
    events: list[dict[str, Any]] = field(default_factory=list)

    def send(self, method: str, session: str = "", **parameters: Any) -> dict[str, Any]:
        """Send a command, and return the answer."""
        self._number += 1
        request = {"id": self._number, "method": method, "params": parameters}
        request |= {"sessionId": session} if session else {}
        self.requests.write(json.dumps(request).encode() + b"\0")
        self.requests.flush()
        while (answer := self._read()).get("id") != self._number:
            self.events.append(answer)
        assert "error" not in answer, answer
        result: dict[str, Any] = answer["result"]
        return result

    def wait_for(self, method: str, session: str) -> None:
        """Wait until a session has reported an event."""
        while not any(each["method"] == method and each.get("sessionId") == session for each in self.events):
            self.events.append(self._read())

    def open(
        self, place: Path | str, *, width: int = 1200, dark: bool = False, media: str = "screen"
    ) -> Page:
        """Open a file, or an address, in a page of its own."""
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Runtime", "Log", "Page", "Network"):
            self.send(f"{domain}.enable", session)
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self.send("Emulation.setDeviceMetricsOverride", session, **size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", session, media=media, features=[scheme])
        self.events.clear()
        address = place if isinstance(place, str) else place.absolute().as_uri()
        self.send("Page.navigate", session, url=address)
        self.wait_for("Page.loadEventFired", session)
        return Page(self, session)

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            read = os.read(self.answers.fileno(), 1 << 16)
            assert read, "the browser has ended"
            self._rest += read
        message, _, self._rest = self._rest.partition(b"\0")
        document: dict[str, Any] = json.loads(message)
        return document


@dataclass(frozen=True)
class Page:
    """A page that is open."""

    browser: Browser
    session: str

    def evaluate(self, script: str) -> Any:
        """Return the value of an expression in the page."""
        answer = self.browser.send(
            "Runtime.evaluate", self.session, expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait_until(self, script: str, *, seconds: float = 20) -> None:
        """Wait until an expression in the page is true."""
        end = time.monotonic() + seconds
        while not self.evaluate(script):
            assert time.monotonic() < end, f"{script} did not come to hold"
            time.sleep(0.02)

    def type_text(self, selector: str, text: str) -> None:
        """Type into a field, as a person would."""
        self.evaluate(f"document.querySelector({json.dumps(selector)}).focus()")
        self.browser.send("Input.insertText", self.session, text=text)

    def choose_file(self, selector: str, file: Path) -> None:
        """Choose a file in a field for files, as a person would."""
        script = f"document.querySelector({json.dumps(selector)})"
        field = self.browser.send("Runtime.evaluate", self.session, expression=script)["result"]["objectId"]
        self.browser.send("DOM.setFileInputFiles", self.session, files=[str(file)], objectId=field)

    def complaints(self) -> list[str]:
        """Return what scripts, the network and the page's policy have complained of so far."""
        self.evaluate("new Promise((done) => setTimeout(done, 20))")
        complaints = {"Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled"}
        complaints |= {"Page.javascriptDialogOpening"}
        return [json.dumps(each["params"]) for each in self._events() if each["method"] in complaints]

    def requested(self) -> list[str]:
        """Return the addresses that were asked for."""
        events = [each for each in self._events() if each["method"] == "Network.requestWillBeSent"]
        return [each["params"]["request"]["url"] for each in events]

    def _events(self) -> list[dict[str, Any]]:
        return [each for each in self.browser.events if each.get("sessionId") == self.session]
