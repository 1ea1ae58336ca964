"""Draw the picture of `textune label`: labels texts of TweetEval's emotion task as they are labelled there.

    PYTHONPATH=tests python scripts/picture_of_label.py path/to/tweeteval/emotion docs/pictures/label.png

Needs Chromium.
"""

from __future__ import annotations

import base64
import json
import sys
import tempfile
import time
from pathlib import Path

from browser import Page, find_chromium, open_browser
from labelling_pages import running_page

NAMES = ("anger", "joy", "optimism", "sadness")
TEXT = "document.querySelector('.text').textContent"


def main(folder: str, picture: str, answers: int = 240) -> None:
    """Label by keyboard, then take the picture of a question with a proposal."""
    texts = (Path(folder) / "train_text.txt").read_text(encoding="utf-8").splitlines()
    ids = (Path(folder) / "train_labels.txt").read_text(encoding="utf-8").split()
    labels = dict(zip(texts, map(int, ids), strict=True))
    path = find_chromium()
    assert path, "there is no Chromium"
    with (
        tempfile.TemporaryDirectory() as out,
        running_page(
            texts, NAMES, model="embedded:minilm", out=Path(out) / "labels", title="tweets"
        ) as running,
        open_browser(path) as browser,
    ):
        page = browser.open(running.address, width=900)
        page.wait_until("document.querySelectorAll('#labels button').length > 0")
        for _ in range(answers):
            press(page, str(labels[page.evaluate(TEXT)] + 1))
        while not page.evaluate("!!document.querySelector('.word.for')"):
            press(page, str(labels[page.evaluate(TEXT)] + 1))
            time.sleep(2)
        time.sleep(4)
        page.evaluate("window.scrollTo(0, 0)")
        size = {"width": 900, "height": 1190, "deviceScaleFactor": 1, "mobile": False}
        browser.send("Emulation.setDeviceMetricsOverride", page.session, **size)
        shot = browser.send("Page.captureScreenshot", page.session, format="png")
        Path(picture).write_bytes(base64.b64decode(shot["data"]))


def press(page: Page, key: str) -> None:
    """Press a key, and wait for the next text."""
    before = json.dumps(page.evaluate(TEXT))
    page.evaluate(
        f"document.body.dispatchEvent(new KeyboardEvent('keydown', {{key: '{key}', bubbles: true}}))"
    )
    page.wait_until(f"{TEXT} !== {before}")


if __name__ == "__main__":
    main(*sys.argv[1:])
