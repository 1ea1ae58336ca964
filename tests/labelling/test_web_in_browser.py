"""The page for labelling in a real browser, by keyboard."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from browser import Browser, Page
from labelling_pages import RunningPage, running_page
from small_data import small_rows

ROWS = dict(small_rows(120))
NAMES = ["joy", "sadness", "anger"]
TEXT = "document.querySelector('.text')?.textContent"
COUNTS = "(document.querySelector('#counts')?.textContent ?? '')"


@pytest.fixture
def running(tiny_distilbert: str, tmp_path: Path) -> Iterator[RunningPage]:
    with running_page(list(ROWS), NAMES, model=tiny_distilbert, out=tmp_path / "labels") as started:
        yield started


@pytest.fixture
def page(chromium: Browser, running: RunningPage) -> Page:
    return opened(chromium, running)


def opened(chromium: Browser, running: RunningPage) -> Page:
    page = chromium.open(running.address)
    page.wait_until("document.querySelectorAll('#labels button').length > 0")
    return page


def press(page: Page, key: str) -> None:
    """Press a key, and wait until the answer is there."""
    before = json.dumps(page.evaluate(TEXT))
    page.evaluate(
        f"document.body.dispatchEvent(new KeyboardEvent('keydown', {{key: '{key}', bubbles: true}}))"
    )
    page.wait_until(f"{TEXT} !== {before}")


def label(page: Page) -> str:
    """Answer a question by the key of its label, and return the text."""
    text = page.evaluate(TEXT)
    press(page, str(NAMES.index(ROWS[text]) + 1))
    return str(text)


def test_texts_are_labelled_by_keyboard_and_the_quality_is_shown(page: Page, running: RunningPage) -> None:
    said = {text: ROWS[text] for text in [label(page) for _ in range(40)]}
    page.wait_until("!!document.querySelector('#by-label table')")

    assert running.labeller.labels() == said
    assert "Accuracy" in page.evaluate("document.querySelector('#figures').textContent")
    assert page.complaints() == []


def test_keys_skip_are_unsure_and_undo(page: Page) -> None:
    first = page.evaluate(TEXT)
    press(page, "s")
    second = page.evaluate(TEXT)
    press(page, "n")
    press(page, "u")
    assert page.evaluate(TEXT) == second

    press(page, "u")
    assert page.evaluate(TEXT) == first


def test_a_second_window_asks_about_another_text(page: Page, chromium: Browser, running: RunningPage) -> None:
    other = opened(chromium, running)

    assert other.evaluate(TEXT) != page.evaluate(TEXT)


def test_a_page_that_is_loaded_again_needs_no_token(page: Page, running: RunningPage) -> None:
    label(page)
    page.evaluate("location.reload()")
    page.wait_until(f"{COUNTS}.startsWith('1 answers')")

    assert running.url in page.evaluate("location.href")
    assert "token" not in page.evaluate("location.href")


def test_with_many_labels_the_first_that_is_found_is_chosen(
    chromium: Browser, tiny_distilbert: str, tmp_path: Path
) -> None:
    names = [*NAMES, *(f"topic {number}" for number in range(20))]
    with running_page(list(ROWS), names, model=tiny_distilbert, out=tmp_path / "labels") as running:
        page = opened(chromium, running)
        text = page.evaluate(TEXT)
        page.type_text("#search", "topic 17")
        page.evaluate(
            "document.querySelector('#search').dispatchEvent("
            "new KeyboardEvent('keydown', {key: 'Enter', bubbles: true}))"
        )
        page.wait_until(f"{COUNTS}.startsWith('1 answers')")

        assert running.labeller.labels() == {text: "topic 17"}


def test_several_labels_are_confirmed(chromium: Browser, tiny_distilbert: str, tmp_path: Path) -> None:
    out = tmp_path / "labels"
    with running_page(list(ROWS), NAMES, model=tiny_distilbert, out=out, multi=True) as running:
        page = opened(chromium, running)
        text = page.evaluate(TEXT)
        script = "document.body.dispatchEvent(new KeyboardEvent('keydown', {key: '%s', bubbles: true}))"
        page.evaluate(script % "1")
        page.evaluate(script % "3")
        press(page, "Enter")

        assert running.labeller.labels() == {text: ["joy", "anger"]}


def test_no_text_is_lost_while_the_server_cannot_be_reached(page: Page, running: RunningPage) -> None:
    text = page.evaluate(TEXT)
    page.evaluate(
        "(() => { const own = window.fetch; let calls = 0; window.fetch = (...given) =>"
        " String(given[0]).includes('answer') && ++calls < 2"
        " ? Promise.reject(new TypeError('down')) : own(...given); })()"
    )

    label(page)

    assert running.labeller.labels() == {text: ROWS[text]}
