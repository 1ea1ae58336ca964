"""Looks at the site of the documentation in a browser, at two widths, light and dark: `make check-site`.

    PYTHONPATH=tests python scripts/check_site.py AXE [--site build/site] [--all] [--pictures FOLDER]

AXE is the file `axe.min.js` of axe-core. A page fails if axe-core finds a violation, if it is wider than the
window, if it asks for anything outside the site, or if a script complains. By default, one page of each kind
is opened; `--all` opens every page. `--pictures` keeps a picture of each. Needs Chromium.
"""

from __future__ import annotations

import argparse
import base64
import sys
from itertools import product
from pathlib import Path
from typing import Any

from browser import Browser, Page, find_chromium, open_browser

KINDS = (
    "index.html",
    "tutorial.html",
    "how-to/train.html",
    "how-to/label.html",
    "how-to/too-slow.html",
    "coming-from/keras.html",
    "coming-from/trainer.html",
    "why/frozen-layers.html",
    "examples/case-study.html",
    "reference/commands.html",
    "reference/settings.html",
    "reference/python.html",
    "reference/metrics.html",
    "reference/http.html",
    "benchmarks.html",
    "case-study.html",
    "architecture.html",
    "decisions/0047-the-site-of-the-documentation.html",
)
"""A page of each kind."""
WIDTHS = (390, 1280)
_SCHEMES = ("default", "slate")
"""What the theme calls light and dark."""
_SETTLED = "document.fonts.ready.then(() => new Promise((done) => setTimeout(done, 200))).then(() => true)"
_AXE = "axe.run(document, {resultTypes: ['violations']}).then((found) => found.violations)"
_TOO_WIDE = "document.documentElement.scrollWidth - window.innerWidth"


def faults_of(page: Page, axe: str, site: Path, *, scheme: str) -> list[str]:
    """Return what is wrong with an open page, a line each."""
    page.evaluate(_SETTLED)
    ours = (site.as_uri(), "data:")
    faults = [f"asks for {each}" for each in page.requested() if not each.startswith(ours)]
    faults += [f"complains: {each[:300]}" for each in page.complaints()]
    if page.evaluate("document.body.dataset.mdColorScheme") != scheme:
        faults.append(f"has not the colours of {scheme}")
    if (points := page.evaluate(_TOO_WIDE)) > 0:
        faults.append(f"is {points} points wider than the window")
    page.browser.send("Runtime.evaluate", page.session, expression=axe)
    for violation in page.evaluate(_AXE):
        nodes: list[dict[str, Any]] = violation["nodes"]
        faults.append(f"{violation['id']}: {violation['help']} ({len(nodes)}; {nodes[0]['html'][:160]})")
    return faults


def keep_picture(browser: Browser, page: Page, file: Path) -> None:
    """Write a picture of what the window shows."""
    shot = browser.send("Page.captureScreenshot", page.session, format="png")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(base64.b64decode(shot["data"]))


def main() -> int:
    """Check the pages; return 1 if one of them fails."""
    parser = argparse.ArgumentParser()
    parser.add_argument("axe", type=Path)
    parser.add_argument("--site", type=Path, default=Path("build/site"))
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--pictures", type=Path)
    options = parser.parse_args()
    site, axe = options.site.resolve(), options.axe.read_text(encoding="utf-8")
    every = sorted(str(path.relative_to(site)) for path in site.rglob("*.html") if path.name != "404.html")
    pages = every if options.all else KINDS
    path, failed = find_chromium(), 0
    if path is None:
        print("There is no Chromium.")
        return 1
    for dark in (False, True):
        # The site remembers a choice of colours, so each has a browser of its own.
        with open_browser(path) as browser:
            for name, width in product(pages, WIDTHS):
                page = browser.open(site / name, width=width, dark=dark)
                faults = faults_of(page, axe, site, scheme=_SCHEMES[dark])
                failed += bool(faults)
                for fault in faults:
                    print(f"{name}, {width} points wide, {_SCHEMES[dark]}: {fault}")
                if options.pictures:
                    shown = name.removesuffix(".html").replace("/", "-")
                    keep_picture(browser, page, options.pictures / f"{shown}-{width}-{_SCHEMES[dark]}.png")
                browser.send("Page.close", page.session)
    print(f"{len(pages)} pages at {len(WIDTHS)} widths, light and dark: {failed} with faults.")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
