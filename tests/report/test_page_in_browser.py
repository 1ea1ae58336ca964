"""The page in a real browser: silent, safe, usable, and no wider than a phone."""

from __future__ import annotations

from pathlib import Path

import pytest

from browser import Browser, Page
from made_results import made_predictions, made_results, sure_mistakes
from report.test_page import hostile_pages
from textune.report.page import render_run, render_runs

VISIBLE = "[...document.querySelectorAll('[data-mistakes] > li')].filter((item) => item.offsetParent)"
# What sticks out at the right: elements that do not lie in something that scrolls by itself.
STICKING_OUT = """
[...document.querySelectorAll('body *')].filter((each) => !each.parentElement.closest('.scroll, pre')
    && each.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5)
  .map((each) => each.outerHTML.slice(0, 80))
"""
MISTAKES = [f"made text number {number}" for number in range(50)]


@pytest.fixture
def usual(tmp_path: Path) -> Path:
    """The page of a run with long names and texts without a space in them."""
    long = "without-a-space-" * 20
    labels = ("anger", "joy", "a label that is rather long", "l" * 60)
    test = made_predictions(200, labels=labels, texts=[long, "https://example.org/" + long], quality=0.5)
    run = made_results(
        tmp_path / long[:80], labels=labels, test=test, document={"source": long, "model": long}
    )
    return written(tmp_path, render_run(run))


@pytest.fixture
def mistakes(chromium: Browser, tmp_path: Path) -> Page:
    """A page with 50 mistakes, open."""
    return chromium.open(written(tmp_path, render_run(made_results(test=sure_mistakes(MISTAKES)))))


def written(folder: Path, html: str) -> Path:
    file = folder / "page.html"
    file.write_text(html, encoding="utf-8")
    return file


def choose(page: Page, name: str, value: str) -> None:
    """Set a filter, as a person would."""
    page.evaluate(
        f"(() => {{ const it = document.querySelector('[data-filter=\"{name}\"]'); it.value = {value!r}; "
        "it.dispatchEvent(new Event('input', {bubbles: true})); })()"
    )


@pytest.mark.parametrize("kind", ["one", "several"])
def test_hostile_texts_run_nothing_and_the_browser_has_nothing_to_complain_of(
    chromium: Browser, tmp_path: Path, kind: str
) -> None:
    page = chromium.open(written(tmp_path, hostile_pages()[kind]))

    assert page.evaluate("typeof window.planted") == "undefined"
    assert page.complaints() == []


def test_the_page_asks_for_nothing_but_itself(chromium: Browser, usual: Path) -> None:
    page = chromium.open(usual)

    assert page.complaints() == []
    assert [address for address in page.requested() if not address.startswith("data:")] == [usual.as_uri()]


@pytest.mark.parametrize("width", [360, 1200])
def test_nothing_sticks_out(chromium: Browser, usual: Path, width: int) -> None:
    page = chromium.open(usual, width=width)

    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(STICKING_OUT) == []


def test_several_runs_fit_a_phone(chromium: Browser, tmp_path: Path) -> None:
    runs = [made_results(tmp_path / f"a-name-that-is-rather-long-{number}") for number in range(4)]

    page = chromium.open(written(tmp_path, render_runs(runs)), width=360)

    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.evaluate(STICKING_OUT) == []


def test_dark_and_light_are_the_readers_choice(chromium: Browser, usual: Path) -> None:
    colour = "getComputedStyle(document.body).backgroundColor"

    light, dark = (chromium.open(usual, dark=dark).evaluate(colour) for dark in (False, True))

    assert light == "rgb(255, 255, 255)"
    assert dark == "rgb(20, 23, 27)"


def test_paper_is_white_and_has_no_controls(chromium: Browser, usual: Path) -> None:
    page = chromium.open(usual, dark=True, media="print")

    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("document.querySelector('[data-filters]').offsetParent === null")


def test_only_the_most_confident_mistakes_are_shown_at_first(mistakes: Page) -> None:
    assert mistakes.evaluate(f"{VISIBLE}.length") == 20
    assert mistakes.evaluate("document.querySelector('[data-count]').textContent") == "20 of 50 shown"


def test_the_button_shows_all_mistakes(mistakes: Page) -> None:
    mistakes.evaluate("document.querySelector('[data-more]').click()")

    assert mistakes.evaluate(f"{VISIBLE}.length") == 50
    assert mistakes.evaluate("document.querySelector('[data-more]').offsetParent === null")


def test_mistakes_are_found_by_their_text_in_any_case(mistakes: Page) -> None:
    choose(mistakes, "text", "NUMBER 4")

    expected = [text for text in MISTAKES if "number 4" in text]
    assert mistakes.evaluate(f"{VISIBLE}.map((item) => item.querySelector('.text').textContent)") == expected


def test_a_text_that_no_mistake_holds_says_so(mistakes: Page) -> None:
    choose(mistakes, "text", "nowhere")

    assert mistakes.evaluate(f"{VISIBLE}.length") == 0
    assert mistakes.evaluate("document.querySelector('[data-count]').textContent") == "no matches"


@pytest.mark.parametrize(("name", "attribute"), [("true", "true"), ("predicted", "predicted")])
def test_mistakes_are_filtered_by_a_label(
    chromium: Browser, tmp_path: Path, name: str, attribute: str
) -> None:
    run = made_results(test=made_predictions(60, quality=0.2))
    page = chromium.open(written(tmp_path, render_run(run)))
    page.evaluate("document.querySelector('[data-more]')?.click()")
    in_all = page.evaluate(f"{VISIBLE}.length")

    choose(page, name, "joy")

    shown = page.evaluate(f"{VISIBLE}.map((item) => item.dataset[{attribute!r}])")
    assert set(shown) == {"joy"}
    assert 0 < len(shown) < in_all


def test_a_label_that_is_code_can_be_filtered_by(chromium: Browser, tmp_path: Path) -> None:
    page = chromium.open(written(tmp_path, hostile_pages()["one"]))

    page.evaluate(
        "(() => { const it = document.querySelector('[data-filter=\"true\"]'); it.selectedIndex = 1; "
        "it.dispatchEvent(new Event('input', {bubbles: true})); })()"
    )

    assert page.evaluate(f"{VISIBLE}.length") == 20
    assert page.evaluate("typeof window.planted") == "undefined"


def test_without_scripts_every_mistake_can_be_read(chromium: Browser, tmp_path: Path) -> None:
    html = render_run(made_results(test=sure_mistakes(MISTAKES)))
    without = html.replace("<script>", "<script type='text/plain'>")

    page = chromium.open(written(tmp_path, without))

    assert page.evaluate(f"{VISIBLE}.length") == 50
    assert page.evaluate("document.querySelector('[data-filters]').offsetParent === null")
