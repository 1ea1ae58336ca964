"""The code that the documentation prints: blocks of pages, the commands in them, and what is not run and why.

In: pages in Markdown. Out: their blocks, in order, and each block's commands. `NOT_RUN` is the one list of
commands and blocks that `make test-docs` leaves out. Knows neither what the code does nor how it is run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent

RUN_PAGES = sorted(
    str(path.relative_to(REPOSITORY))
    for path in [
        REPOSITORY / "README.md",
        REPOSITORY / "docs" / "tutorial.md",
        REPOSITORY / "docs" / "case-study.md",
        *(REPOSITORY / "docs" / "how-to").glob("*.md"),
        *(REPOSITORY / "docs" / "coming-from").glob("*.md"),
        *(REPOSITORY / "docs" / "why").glob("*.md"),
    ]
)
"""The pages whose code is run. The others show what was measured or decided once."""

_PROGRAMS = (
    "textune",
    "python",
    "python3",
    "pip",
    "make",
    "curl",
    "docker",
    "torchrun",
    "accelerate",
    "hf",
    "iconv",
    "ray",
    "ML_BLOCK_LOCAL_IP=false",
    "some-command",
    "export",
    "mkdir",
    "cp",
    "echo",
    "/opt/textune/bin/pip",
)
_FENCE = re.compile(r"^```(\w*)(?: title=\"([^\"]*)\")?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"(?<=\n\n)((?:    .*\n|\n(?=    ))+)")


@dataclass(frozen=True)
class Block:
    """A block of a page.

    Attributes:
        page: The page, relative to the repository.
        line: The number of its first line in the page.
        language: As the page says: python, sh, console and so on; empty for an indented block.
        title: Its title, if it has one.
        text: What is in it.
    """

    page: str
    line: int
    language: str
    title: str
    text: str

    @property
    def place(self) -> str:
        """The page and the line."""
        return f"{self.page}:{self.line}"


def blocks_of(page: str) -> list[Block]:
    """Return the blocks of a page in their order."""
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    blocks = []
    for match in _FENCE.finditer(text):
        line = text.count("\n", 0, match.start()) + 2
        blocks.append(Block(page, line, match[1], match[2] or "", match[3]))
    without_fences = _FENCE.sub(lambda match: "\n" * match[0].count("\n"), text)
    for match in _INDENTED.finditer(without_fences):
        line = without_fences.count("\n", 0, match.start()) + 1
        blocks.append(Block(page, line, "", "", re.sub(r"^    ", "", match[1], flags=re.MULTILINE)))
    return sorted(blocks, key=lambda block: block.line)


def commands_of(block: Block) -> Iterator[str]:
    """Yield the commands that a block prints, each in one line and without its comment.

    In a block of the console, they stand behind `$`. In an indented block, the lines that begin with the name
    of a program are commands, and the others what they print.
    """
    if block.language not in ("", "sh", "console"):
        return
    for line in re.sub(r"\\\n\s*", "", block.text).splitlines():
        if block.language == "console":
            if not line.startswith("$ "):
                continue
            line = line.removeprefix("$ ")
        command = re.sub(r"\s+# .*$", "", line).strip()
        if command.split(" ")[0] in _PROGRAMS and not re.match(r"textune(?! [a-z])|textune on ", command):
            yield command


@dataclass(frozen=True)
class NotRun:
    """Code that is printed and not run.

    Attributes:
        page: The page, or `*` for all of them.
        pattern: What matches the beginning of the command, or of the block of Python.
        reason: Why.
    """

    page: str
    pattern: str
    reason: str


NOT_RUN = (
    NotRun("*", r"make ", "a target of the Makefile: it sets up environments, and takes minutes to hours"),
    NotRun("*", r"(python -m )?pip ", "installs packages"),
    NotRun("*", r"python benchmarks/", "a benchmark: minutes to hours"),
    NotRun("*", r"docker ", "needs Docker"),
    NotRun("*", r".*embedded:mpnet", "needs the packages of embedded:mpnet, 405 MB"),
    NotRun("*", r"textune predict .*--engine ray", "needs Ray: make test-cluster runs it"),
    NotRun("docs/how-to/cluster.md", r"ray job submit", "needs a cluster of several computers"),
    NotRun("docs/how-to/cluster.md", r"import pyarrow", "reads what Ray writes: make test-cluster does"),
    NotRun("*", r"textune train .*engine=keras", "needs TensorFlow: make test-tensorflow runs it"),
    NotRun("docs/how-to/label-studio.md", r"ML_BLOCK_LOCAL_IP", "needs Label Studio"),
    NotRun("docs/how-to/package.md", r"import mlflow", "needs MLflow: make check-packages does it"),
    NotRun("docs/how-to/report.md", r"hf auth login", "asks for a token of the Hub"),
    NotRun("docs/how-to/report.md", r"textune push", "uploads to the Hub, for which a test has a stand-in"),
    NotRun("docs/how-to/serve.md", r"import { Inf", "needs Node.js; a test of the server runs it"),
    NotRun(
        "docs/how-to/serve.md",
        r"(python3 -m venv|mkdir|echo|cp|/opt/\S+) ",
        "sets up a service of the system",
    ),
    NotRun("docs/how-to/tune.md", r"textune tune .*--max-minutes 60", "takes an hour"),
)


def reason_not_to_run(page: str, code: str) -> str:
    """Return why code of a page is not run; empty if it is."""
    return next((each.reason for each in entries_for(page, code)), "")


def entries_for(page: str, code: str) -> list[NotRun]:
    """Return the entries of `NOT_RUN` for code of a page."""
    return [each for each in NOT_RUN if each.page in ("*", page) and re.match(each.pattern, code)]
