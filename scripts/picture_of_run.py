"""Draw the pictures of a run: the top of its report, and the server's page with a text.

    PYTHONPATH=tests python scripts/picture_of_run.py report|server RUN docs/pictures/NAME.png

RUN is the folder of a finished run. Needs `textune` on the PATH, and Chromium.
"""

from __future__ import annotations

import base64
import re
import subprocess
import sys
import time
from pathlib import Path

from browser import Page, find_chromium, open_browser

WIDTH, HEIGHT = 1000, 906
TEXT = "We got the keys to our first flat today!!"


def main(kind: str, run: str, picture: str) -> None:
    """Open what is asked for, and write the picture."""
    path = find_chromium()
    assert path, "there is no Chromium"
    with open_browser(path) as browser:
        if kind == "report":
            keep(browser.open(Path(run) / "report.html", width=WIDTH), picture, HEIGHT)
            return
        command = ["textune", "serve", run, "--port", "0"]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            assert server.stdout
            address = re.search(r"http://\S+", server.stdout.readline())
            assert address, "the server has not started"
            page = browser.open(f"{address[0]}/#text={TEXT.replace(' ', '%20')}", width=WIDTH)
            page.wait_until("document.body.innerText.includes('%')", seconds=60)
            time.sleep(3)  # The effect of each word comes later.
            # The first part of the page ends where the second begins.
            end = "document.querySelectorAll('main section, section')[1].getBoundingClientRect().top"
            keep(page, picture, int(page.evaluate(end)))
        finally:
            server.terminate()
            server.wait()


def keep(page: Page, picture: str, height: int) -> None:
    """Write a picture of the top of a page."""
    page.browser.send("Emulation.setScrollbarsHidden", page.session, hidden=True)
    size = {"width": WIDTH, "height": height, "deviceScaleFactor": 1, "mobile": False}
    page.browser.send("Emulation.setDeviceMetricsOverride", page.session, **size)
    page.evaluate("document.fonts.ready.then(() => true)")
    shot = page.browser.send("Page.captureScreenshot", page.session, format="png")
    Path(picture).write_bytes(base64.b64decode(shot["data"]))


if __name__ == "__main__":
    main(*sys.argv[1:])
