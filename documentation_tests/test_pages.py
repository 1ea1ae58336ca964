"""Every command and every block of Python in the documentation runs, page by page: `make test-docs`.

A page is followed from top to bottom, in a folder with small ones of the files and runs that it speaks of.
`NOT_RUN` lists what is left out, with reasons. The short form, in `tests/test_documentation.py`, parses all.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from checked_code import setting_names
from hub_stand_in import serve_hub
from page_session import PageSession
from printed_code import RUN_PAGES, Block, blocks_of, commands_of, reason_not_to_run
from printed_world import (
    RUNS,
    copy_run,
    make_files,
    make_hub,
    with_other_columns,
    without_labels,
    without_one_label,
)
from textune.encoder.embedded import find_embedded, locate
from tiny_models import build_tiny_model

REPOSITORY = Path(__file__).parent.parent
ENVIRONMENTS = {"Trainer": "trainer", "SetFit": "setfit", "Keras": "keras", "spaCy": "spacy"}
"""By the first word of a block's title, the environment of the tool that it is for."""

RUN_OF_PAGE = {"docs/how-to/pairs.md": "pairs", "docs/how-to/several-labels.md": "comments"}
"""Pages whose RUN is not one of a label per text."""

KIND_OF_RUN = {"runs/full": "stock", "runs/clinc-full": "clinc", "runs/clinc": "clinc"}
"""Runs that pages name, and which of `RUNS` stands for them; all others are of `base`."""

KIND_ON_PAGE = {
    "docs/how-to/abstain.md": {"runs/full": "clear"},
    "docs/how-to/export.md": {"runs/mine": "clear"},
}
"""By page, runs for which `clear` stands: 80 validation rows of posts show no precision of 90 %, and one of
120 test rows moves macro-F1 by more than an export in 8 bits may lose."""

EXIT_CODES = {"textune audit posts.csv --strict": 2}
"""Commands that end with another exit code than 0: the page has a table with an error."""

QUICKER = {"epochs=15,": "epochs=1,", "num_train_epochs=6": "num_train_epochs=1"}
"""What is done less often than on the page, to save time."""

PRELUDES = {
    "docs/how-to/python.md": """
import csv
with open("labelled.csv", encoding="utf-8", newline="") as file:
    _rows = [row for row in csv.DictReader(file) if row["label"] != "optimism"][:90]
texts, labels = [row["text"] for row in _rows], [row["label"] for row in _rows]
input = lambda text: dict(zip(texts, labels))[text.removesuffix(": ")]
"""
}
"""What the Python of a page takes for granted."""

_ANSWERS = """
import csv
import textune
with open("labelled.csv", encoding="utf-8", newline="") as file:
    labels = {{row["text"]: row["label"] for row in csv.DictReader(file)}}
with open({table!r}, encoding="utf-8", newline="") as file:
    pool = [row["text"] for row in csv.DictReader(file)]
labeller = textune.Labeller(pool, sorted(set(labels.values())), model="embedded:minilm", out={out!r})
for _ in range({count}):
    labeller.answer(labels[labeller.next()])
"""


def _answer(session: PageSession, *, table: str, out: str, count: int) -> None:
    """Label some texts, as a person would on the page of `textune label`."""
    session.stop_server()
    shutil.rmtree(session.folder / out, ignore_errors=True)
    session.run_python(_ANSWERS.format(table=table, out=out, count=count), place="answers")


def _serve_pairs(session: PageSession) -> None:
    session.run("textune serve runs/pairs", place="a server of pairs")


def _serve_all(session: PageSession) -> None:
    session.run("textune serve runs/mine --protocols all --model-name emotion", place="all protocols")


def _ask(session: PageSession) -> None:
    for number in range(30):
        session.ask({"inputs": [f"What a day, number {number}", "Not again"]})
    session.stop_server()


def _in_encoding(encoding: str) -> Callable[[PageSession], None]:
    """Return what writes `posts.csv` in another encoding."""

    def write(session: PageSession) -> None:
        text = (session.folder / "texts.csv").read_text(encoding="utf-8")
        (session.folder / "posts.csv").write_bytes(text.encode(encoding, errors="ignore"))

    return write


BEFORE: dict[tuple[str, str], Callable[[PageSession], None]] = {
    ("docs/how-to/serve.md", r"curl .*text_pair"): _serve_pairs,
    ("docs/how-to/serve.md", r"curl .*/labels"): lambda session: session.run(
        "textune serve runs/mine", place=""
    ),
    ("docs/how-to/clients.md", r"curl .*/v2/models"): _serve_all,
    ("docs/how-to/server-log.md", r"import polars"): _ask,
    ("docs/how-to/data.md", r"iconv -f WINDOWS-1252"): _in_encoding("cp1252"),
    ("docs/how-to/data.md", r"iconv -f UTF-16"): _in_encoding("utf-16"),
    ("docs/how-to/label.md", r"textune train labels/texts"): lambda session: _answer(
        session, table="texts.csv", out="labels/texts", count=60
    ),
    ("docs/how-to/watch.md", r"textune watch .* --labels"): lambda session: _answer(
        session, table="to-label.csv", out="labels/to-label", count=20
    ),
}
"""What happens before a command or a block, because a person would have done it meanwhile."""


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageSession]:
    """Make the files, the runs, the Hub, and the command `textune` on the PATH."""
    folder = tmp_path_factory.mktemp("world")
    programs = folder / "programs"
    programs.mkdir()
    for name, code in {
        "textune": f'exec {sys.executable} -m textune "$@"',
        "python": f'exec {sys.executable} "$@"',
        "some-command": "head -3 posts.txt",
    }.items():
        (programs / name).write_text(f"#!/bin/sh\n{code}\n")
        (programs / name).chmod(0o755)
    variables = {
        "PYTHONPATH": str(REPOSITORY / "src"),
        "TEXTUNE_CACHE": str(folder / "cache"),
        "HF_HOME": str(folder / "hub-cache"),
        "NO_PROXY": "*",
        "TOKENIZERS_PARALLELISM": "false",
    }
    folders = [programs, Path(sys.executable).parent]
    session = PageSession(folder, variables, folders)
    session.run("textune convert sample:emotion posts --to csv", place="the world")
    make_files(folder)
    session.run("textune convert posts.csv export.json --to label-studio", place="the world")
    encoder = locate(find_embedded("embedded:minilm"))[0]
    hub = make_hub(folder / "hub", encoder, lambda path: build_tiny_model(path, architecture="distilbert"))
    with serve_hub(hub) as stand_in:
        session.variables["HF_ENDPOINT"] = stand_in.endpoint
        yield session


def made(world: PageSession, name: str) -> Path:
    """Return a run of `RUNS`, trained when it is first needed."""
    path = world.folder / "made" / name
    if not path.exists():
        world.run(f"{RUNS[name]} --out made/{name}", place="the world")
    return path


def place_runs(page: str, world: PageSession, folder: Path) -> None:
    """Copy the runs that a page names, but for those that it makes itself."""
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    written = set(re.findall(r"(?:--out |out=\")(runs/[\w-]+)", text))
    named = set(re.findall(r"\bruns/[a-z-]+\b", text))
    if re.search(r"\bRUN\b", text):
        named.add("runs/of-page" if page in RUN_OF_PAGE else "runs/mine")
    for name in sorted(named - written):
        kinds = KIND_OF_RUN | KIND_ON_PAGE.get(page, {})
        kind = RUN_OF_PAGE[page] if name == "runs/of-page" else kinds.get(name, "base")
        copy_run(made(world, kind), folder / name)
    if page == "docs/how-to/report.md":
        shutil.copytree(made(world, "stock") / "model", world.folder / "hub" / "models" / "you" / "emotion")
    if page == "docs/how-to/serve.md":
        copy_run(made(world, "pairs"), folder / "runs" / "pairs")


@pytest.fixture
def session(world: PageSession, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[PageSession]:
    """Return a session in a folder of its own, with the files, and the runs that the page does not make."""
    page = request.getfixturevalue("page")
    for path in world.folder.iterdir():
        if path.name not in ("made", "cache", "hub", "hub-cache", "programs", "python.log"):
            (shutil.copytree if path.is_dir() else shutil.copy)(path, tmp_path / path.name)
    if page in ("docs/tutorial.md", "docs/how-to/too-slow.md"):
        shutil.rmtree(tmp_path / "posts")
    if page in ("docs/how-to/data.md", "docs/how-to/read-the-result.md"):
        for name in ("posts.csv", "more.csv"):
            with_other_columns(tmp_path / name)
    if page in ("README.md", "docs/how-to/label.md"):
        without_labels(tmp_path / "texts.csv")
    if page == "docs/how-to/audit.md":
        without_one_label(tmp_path / "posts.csv")
    place_runs(page, world, tmp_path)
    session = replace(world, folder=tmp_path, variables=dict(world.variables))
    yield session
    session.close()


def completed(code: str, page: str, session: PageSession) -> str:
    """Return code with the names that stand for something of the reader's."""
    if "runs/RUN" in code:
        newest = max((session.folder / "runs").iterdir(), key=lambda path: path.stat().st_mtime)
        code = code.replace("runs/RUN", f"runs/{newest.name}")
    for printed, quicker in QUICKER.items():
        code = code.replace(printed, quicker)
    return re.sub(r"\bRUN\b(?!/)", "runs/of-page" if page in RUN_OF_PAGE else "runs/mine", code)


def environment_of(block: Block) -> Path | None:
    """Return the environment of the tool that a block is for, None for textune's own."""
    name = ENVIRONMENTS.get(re.split(r"\W", block.title)[0])
    if name is None:
        return None
    path = REPOSITORY / ".bench" / f"docs-{name}"
    assert (path / "bin" / "python").exists(), f"{path} is missing: make test-docs makes it"
    return path


def prepare(page: str, code: str, session: PageSession) -> None:
    """Do what `BEFORE` says of code of a page."""
    for (of_page, pattern), act in BEFORE.items():
        if of_page == page and re.match(pattern, code):
            act(session)


@pytest.mark.parametrize("page", RUN_PAGES)
def test_the_code_of_a_page_runs(page: str, session: PageSession) -> None:
    if page in PRELUDES:
        session.run_python(PRELUDES[page], place="prelude")
    for block in blocks_of(page):
        environment = environment_of(block)
        if block.language == "python" and not reason_not_to_run(page, block.text):
            prepare(page, block.text, session)
            code = completed(block.text, page, session)
            session.run_python(code, place=block.place, environment=environment)
        for command in commands_of(block):
            if reason_not_to_run(page, command):
                continue
            prepare(page, command, session)
            session.run(
                completed(command, page, session),
                place=block.place,
                expected=EXIT_CODES.get(command, 0),
                environment=environment,
            )


def test_the_settings_that_have_the_names_of_training_arguments_are_among_them() -> None:
    page = (REPOSITORY / "docs" / "coming-from" / "trainer.md").read_text(encoding="utf-8")
    section = page.partition("## The names of TrainingArguments")[2].partition("Their\nvalues")[0]
    names = set(re.findall(r"`([a-z_]+)`", section))
    code = (
        "from dataclasses import fields\nfrom transformers import TrainingArguments\n"
        "print(*(field.name for field in fields(TrainingArguments)))"
    )
    python = REPOSITORY / ".bench" / "docs-trainer" / "bin" / "python"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)

    assert len(names) > 10
    assert names - set(done.stdout.split()) == set()
    assert {f"train.{name}" for name in names} - setting_names() == set()
