"""The English of the project: words that the design rules out, in pages, notebooks, help, messages and names.

A list of phrases holds what was written once and reads wrong, each with what to write instead. Misspelled
words are found by codespell, which `make lint` runs.
"""

from __future__ import annotations

import ast
import io
import json
import re
import tokenize
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from conftest import REPOSITORY

PACKAGE = REPOSITORY / "src" / "textune"
UNIT = r"(?:bytes?|[KMG]B|ms|(?:milli)?seconds?|minutes|tokens)"

PHRASES = {
    r"\bdoubts?\b": "confidence interval",
    r"\bsureness\b|\b(?:least|most) sure\b": "confidence, least confident",
    r"\bfigures? (?:is|are|of|with|for|by|in)\b|\b(?:the|no|these|all) figures\b(?! `)": "metrics, numbers",
    r"\b(?:start|begin|began)(?:s|ed|ning|ing)? (?:again|anew)\b": "start over",
    r"(?<!here )\b(?:is|are) no (?!longer|more|less|better|worse|larger)\w+"
    r"(?=[.,;:)]|$| (?:of|to|either)\b)": "is not a",
    rf"\b{UNIT} an? (?:text|row|class|label|request|second|minute|batch|word|epoch)\b(?! takes)": "per text",
    r"\bturn(?:s|ed)? down\b": "reject",
    r"\bGo on:": "Continue:",
    r"\bmade good\b|\bmends?\b": "fix",
    r"\bsuch a one\b": "one",
    r"\binformations\b|\bdatas\b|\bsoftwares\b": "information, data, software",
    r"\b(?:utili[sz]e|leverag(?:e|es|ing)|(?:seamless|effortless|blazing)(?:ly)?)\b": "say what it does",
    r"\b(?:cutting-edge|state-of-the-art|world-class|best-in-class)\b": "say what was measured",
}
"""Expressions, and what to write instead."""

MOST_NAMES = {"doubt": 0, "figures": 6, "found": 29, "given": 61, "kept": 9, "sureness": 0, "told": 0}
"""How often variables and arguments have names that do not say what they hold. The numbers only shrink."""


@cache
def prose() -> list[tuple[str, str]]:
    """Return each paragraph, message, docstring and comment, with its place."""
    return list(_find_prose())


def _find_prose() -> Iterator[tuple[str, str]]:
    for page in [*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")]:
        text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
        yield from _paragraphs(page, text)
    for notebook in (REPOSITORY / "examples").glob("*.ipynb"):
        for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "markdown":
                yield from _paragraphs(notebook, "".join(cell["source"]))
    for file in sorted(PACKAGE.rglob("*")):
        if file.suffix == ".py":
            yield from _said_in_code(file)
        elif file.suffix in {".html", ".js", ".toml", ".md"}:
            yield from _paragraphs(file, file.read_text(encoding="utf-8"))


def _paragraphs(file: Path, text: str) -> Iterator[tuple[str, str]]:
    for paragraph in text.split("\n\n"):
        yield str(file.relative_to(REPOSITORY)), " ".join(paragraph.split())


def _said_in_code(file: Path) -> Iterator[tuple[str, str]]:
    source = file.read_text(encoding="utf-8")
    place = str(file.relative_to(REPOSITORY))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield f"{place}:{node.lineno}", " ".join(node.value.split())
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield f"{place}:{token.start[0]}", token.string


@pytest.mark.parametrize("phrase", PHRASES, ids=PHRASES.values())
def test_a_phrase_that_reads_wrong_is_nowhere(phrase: str) -> None:
    found = [
        f"{place}: ...{text[max(0, match.start() - 30) : match.end() + 30]}..."
        for place, text in prose()
        for match in re.finditer(phrase, text)
    ]

    assert found == []


@pytest.mark.parametrize(
    ("sentence", "instead"),
    [
        ("It has a doubt of 3 points.", "confidence interval"),
        ("The figures are honest.", "metrics, numbers"),
        ("It starts again.", "start over"),
        ("A word that is no label.", "is not a"),
        ("It takes 3 ms a text.", "per text"),
    ],
)
def test_the_phrases_are_recognised(sentence: str, instead: str) -> None:
    assert instead in [other for phrase, other in PHRASES.items() if re.search(phrase, sentence)]


def test_names_that_say_nothing_become_fewer() -> None:
    names: Counter[str] = Counter()
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                names[node.id] += 1
            elif isinstance(node, ast.arg):
                names[node.arg] += 1

    assert {name: names[name] for name, most in MOST_NAMES.items() if names[name] > most} == {}
