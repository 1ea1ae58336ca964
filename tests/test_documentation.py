"""What the documentation promises exists: pages, sections, commands, options, settings and Python."""

from __future__ import annotations

import ast
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest
from typer.testing import CliRunner

from checked_code import faults_of_command, faults_of_python, setting_names
from conftest import REPOSITORY
from http_reference import http_page
from pictures import PICTURES
from printed_code import NOT_RUN, RUN_PAGES, blocks_of, commands_of, entries_for
from textune.cli.application import app
from textune.discovery import import_files
from textune.serving.protocols.registry import protocol_names

PAGES = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")])
import_files("textune.cli")
SOURCE = REPOSITORY / "src"
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(REPOSITORY)))


def linked_files(page: Path) -> list[Path]:
    """Return the files of this repository to which a page has links."""
    targets = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
    return [page.parent / target for target in targets if "://" not in target]


def section_names(page: Path) -> set[str]:
    """Return the names by which links reach the sections of a page, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def printed_commands(page: Path) -> list[list[str]]:
    """Return the words of every textune command on a page, in blocks and in the text."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    blocks = re.findall(
        r"^(?:    |\$ )+(?:torchrun.*-m |accelerate.*-m |.*[-|] )?(textune .+)$", text, re.MULTILINE
    )
    inline = re.findall(r"`(textune [^`]+)`", text)
    return [command.partition("  #")[0].split() for command in blocks + inline]


@cache
def options_of(command: str) -> set[str]:
    """Return the options that the help of a command lists."""
    described = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"})
    assert described.exit_code == 0, command
    return set(re.findall(r"--[a-z0-9-]+", described.output))


def names_in(module: Path) -> set[str]:
    """Return the names of the functions and classes that a module's file defines."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}


def is_defined(dotted: str) -> bool:
    """Return whether `textune.room.module` or `textune.room.module.name` is in the source."""
    parts = dotted.split(".")
    path, parent = SOURCE.joinpath(*parts), SOURCE.joinpath(*parts[:-1]).with_suffix(".py")
    return (
        path.is_dir()
        or path.with_suffix(".py").exists()
        or (parent.exists() and parts[-1] in names_in(parent))
    )


@every_page
def test_a_link_leads_to_a_file_that_exists(page: Path) -> None:
    assert [place for place in linked_files(page) if not place.exists()] == []


@every_page
def test_a_link_to_a_section_names_one_that_exists(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]*)#([^)\s]+)\)", page.read_text(encoding="utf-8"))
    links = [(target, name) for target, name in links if "://" not in target]

    assert [
        name for target, name in links if name not in section_names(page.parent / target if target else page)
    ] == []


def test_the_index_of_the_documentation_lists_every_page() -> None:
    index = REPOSITORY / "docs" / "README.md"

    listed = {place.resolve() for place in linked_files(index)}

    assert {page for page in PAGES if index.parent in page.parents and page != index} == listed


def test_the_site_of_the_documentation_has_every_page() -> None:
    folder = REPOSITORY / "docs"
    in_menu = set(re.findall(r"^ +- ([\w/-]+\.md)$", (REPOSITORY / "mkdocs.yml").read_text(), re.MULTILINE))
    made = {name for name in in_menu if name.startswith(("reference/", "examples/"))}

    pages = {page.relative_to(folder).as_posix() for page in PAGES if folder in page.parents}
    assert {page for page in pages if not page.startswith("decisions/")} == in_menu - made


@every_page
def test_a_printed_command_has_only_options_that_the_command_line_knows(page: Path) -> None:
    commands = [
        words for words in printed_commands(page) if len(words) > 1 and re.fullmatch(r"[a-z]+", words[1])
    ]

    unknown = {
        f"{words[1]} {option}"
        for words in commands
        for option in re.findall(r"(?<!\S)--[a-z0-9-]+", " ".join(words))
        if option not in options_of(words[1])
    }

    assert unknown == set()


@every_page
def test_a_printed_override_names_a_setting_that_exists(page: Path) -> None:
    overrides = set(re.findall(r"--set ([a-z]+\.[a-z_0-9]+)=", page.read_text(encoding="utf-8")))

    assert overrides <= setting_names()


@every_page
def test_printed_python_can_be_parsed(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"^```python[^\n]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)

    for block in blocks:
        ast.parse(block)


@every_page
def test_a_named_source_file_exists(page: Path) -> None:
    names = re.findall(r"`([a-z_0-9/]+\.py)`", page.read_text(encoding="utf-8"))

    assert [
        name for name in names if not ((SOURCE / "textune" / name).exists() or (REPOSITORY / name).exists())
    ] == []


@every_page
def test_a_named_module_or_function_exists(page: Path) -> None:
    names = re.findall(r"`(textune(?:\.[a-z_]+){2,})`", page.read_text(encoding="utf-8"))

    assert [name for name in names if not is_defined(name)] == []


def test_the_architecture_lists_the_rooms_in_the_order_that_imports_follow() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    contract = next(each for each in project["tool"]["importlinter"]["contracts"] if each["type"] == "layers")
    page = (REPOSITORY / "docs" / "architecture.md").read_text(encoding="utf-8")

    rooms = re.findall(r"^\| `([a-z]+)` \|", page, re.MULTILINE)

    assert [f"textune.{room}" for room in rooms] == contract["layers"][::-1]


def test_the_project_has_the_commands_that_the_readme_begins_with() -> None:
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"\bmake ([a-z-]+)", readme))

    assert targets >= {"quickstart", "test"}
    assert [target for target in targets if f"\n{target}:" not in makefile] == []


def test_the_reference_of_the_http_api_has_every_type_to_which_it_links() -> None:
    lines = list(http_page())

    linked = set(re.findall(r"\]\(#(\w+)\)", "\n".join(lines)))
    described = {line.removeprefix("### ").strip().lower() for line in lines if line.startswith("### ")}
    assert {"labelanswer", "classifyrequest"} <= linked <= described


def test_the_reference_of_the_http_api_has_the_endpoints_of_every_protocol() -> None:
    page = "\n".join(http_page())

    switched_on = re.findall(r"^## --protocols (.+)$", page, re.MULTILINE)
    assert {"hf", "tei", *re.split(r" or ", " or ".join(switched_on))} == set(protocol_names())
    assert all(f"### POST {path}\n" in page for path in ("/", "/predict", "/labels", "/invocations"))


@pytest.mark.parametrize("page", RUN_PAGES)
def test_a_printed_command_is_one_that_the_command_line_takes(page: str) -> None:
    commands = [(block.place, command) for block in blocks_of(page) for command in commands_of(block)]

    assert [(place, faults) for place, command in commands if (faults := faults_of_command(command))] == []


@pytest.mark.parametrize("page", RUN_PAGES)
def test_printed_python_calls_textune_as_it_is(page: str) -> None:
    blocks = [block for block in blocks_of(page) if block.language == "python"]

    assert [(block.place, faults) for block in blocks if (faults := faults_of_python(block.text))] == []


@pytest.mark.parametrize(
    "command",
    [
        "textune trian posts.csv",
        "textune train --reciep full --data posts.csv",
        "textune train --data posts.csv --set train.num_epochs=3",
        "some-command | textune predict --input -",
        "textune cache empty",
        "textune serve RUN --port many",
    ],
)
def test_a_command_that_the_command_line_refuses_is_recognised(command: str) -> None:
    assert len(faults_of_command(command)) == 1


@pytest.mark.parametrize(
    "code",
    [
        "import textune\ntextune.trian('frozen')",
        "import textune\ntextune.train('frozen', epochs=3)",
        "from textune.study.steps import shuffle_dataset_dict",
        "import textune\ntextune.train(settings=['train.num_epochs=3'])",
        "from textune import Labeller as Asker\nAsker(['a'], answers=3)",
        "import textune as",
    ],
)
def test_python_that_does_not_fit_textune_is_recognised(code: str) -> None:
    assert len(faults_of_python(code)) >= 1


def test_every_picture_is_drawn_by_a_command_and_shown_on_a_page() -> None:
    folder = REPOSITORY / "docs" / "pictures"
    linked = {place.resolve() for page in PAGES for place in linked_files(page)}

    assert PICTURES.keys() == {path.name for path in folder.iterdir()}
    assert [name for name, command in PICTURES.items() if f"docs/pictures/{name}" not in command] == []
    assert [name for name in PICTURES if folder / name not in linked] == []


def test_code_that_is_not_run_is_printed_somewhere() -> None:
    printed = [
        (page, code)
        for page in RUN_PAGES
        for block in blocks_of(page)
        for code in [*commands_of(block), *([block.text] if block.language in ("python", "js") else [])]
    ]

    assert [each for each in NOT_RUN if not any(each in entries_for(*code) for code in printed)] == []


def test_every_fenced_block_is_of_a_kind_that_is_run_or_is_only_shown() -> None:
    kinds = {block.language for page in RUN_PAGES for block in blocks_of(page)}

    assert kinds == {"", "console", "sh", "python", "js", "json", "text"}
