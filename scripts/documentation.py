"""Gathers the documentation in build/docs: pages, notebooks, and the reference that the code itself gives.

    python scripts/documentation.py [FOLDER]

The reference is made from the command line's own help, the fields of the recipe, the docstrings of the public
names, the table of metrics, and what servers say of themselves. `mkdocs build` makes the site of it, by
`make docs`. Needs the folder `tests` on the path.
"""

from __future__ import annotations

import inspect
import json
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

import textune
from http_reference import http_page
from textune.cli.application import app
from textune.data.dataset import MULTI_LABEL, SINGLE_LABEL
from textune.discovery import import_files
from textune.evaluation.metrics import metrics_of
from textune.recipe.recipes import Recipe, dump_recipe, recipe_names, recipe_text

REPOSITORY = Path(__file__).parent.parent
DOCS = REPOSITORY / "docs"
_DECISIONS = "      - Decisions: DECISIONS"
_EXTRAS = re.compile(r" \[((?:default|env var|required|x)[^\]]*)\]$")
_SECTION = re.compile(r"^(Args|Returns|Raises|Yields|Attributes):$")
_QUOTED = re.compile(r"(?<=: )'([^']*)'")
_ENTRY = re.compile(r"^    (\*{0,2}\w+)(?: \([^)]*\))?: (.*)$")


def commands_page() -> Iterator[str]:
    """Yield the lines of the reference of the command line."""
    import_files("textune.cli")
    group: Any = typer.main.get_command(app)
    yield "# Commands\n"
    yield "Every command has `--help`. Results go to standard output, progress and notes to standard error.\n"
    yield "Exit codes: 0 done, 1 failed, 2 the request or the data is wrong, 130 stopped.\n"
    for name in group.list_commands(group.context_class(group)):
        command = group.commands[name]
        if hasattr(command, "commands"):
            for part, inner in command.commands.items():
                yield from _command_lines(f"textune {name} {part}", inner)
        else:
            yield from _command_lines(f"textune {name}", command)


def _command_lines(name: str, command: Any) -> Iterator[str]:
    context = command.context_class(command, info_name=name)
    yield f"## {name}\n"
    yield f"{_in_one_line(command.help or '')}\n"
    yield f"    {' '.join([name, *command.collect_usage_pieces(context)])}\n"
    yield "| argument or option | meaning | default |"
    yield "| --- | --- | --- |"
    for parameter in command.get_params(context):
        if (record := parameter.get_help_record(context)) is None:
            continue
        written, meaning = map(_in_one_line, record)
        extras = dict.fromkeys(("default", "env var"), "")
        if match := _EXTRAS.search(meaning):
            meaning = meaning[: match.start()]
            extras.update(part.partition(": ")[::2] for part in match[1].split("; "))
        default = extras["default"].removeprefix("(").removesuffix(")") if "default" in extras else ""
        if extras["env var"]:
            default = " or ".join(filter(None, [f"`${extras['env var']}`", default]))
        yield f"| `{_cell(written)}` | {_cell(meaning)} | {_cell(default)} |"
    yield ""


def settings_page() -> Iterator[str]:
    """Yield the lines of the reference of the settings."""
    yield "# Settings\n"
    yield "Every setting with its default, as `textune recipes --settings` prints them. A recipe is a TOML"
    yield "file of these sections, and `--set section.key=value` overrides one:"
    yield "see [Train](../how-to/train.md).\n"
    yield f"```toml\n{dump_recipe(Recipe())}```\n"
    yield "# Recipes\n"
    for name in recipe_names():
        yield f"## {name}\n"
        yield f"```toml\n{recipe_text(name)}```\n"


def python_page() -> Iterator[str]:
    """Yield the lines of the reference of the public names."""
    yield "# Python\n"
    yield "`import textune` costs nothing: each name is imported when it is first used. [Use textune from"
    yield "Python](../how-to/python.md) shows them at work.\n"
    for name in sorted(textune.__all__, key=str.lower):
        yield from _object_lines(f"textune.{name}", getattr(textune, name))


def _object_lines(name: str, thing: Any, *, level: int = 2) -> Iterator[str]:
    yield f"{'#' * level} {name}\n"
    if not inspect.isclass(thing) or not issubclass(thing, Exception):
        yield f"```python\n{_signature(name, thing)}\n```\n"
    yield from _docstring_lines(inspect.getdoc(thing) or "")
    if inspect.isclass(thing):
        for key, member in vars(thing).items():
            if not key.startswith("_") and inspect.isfunction(member) and inspect.getdoc(member):
                yield from _object_lines(f"{name}.{key}", member, level=level + 1)


def _signature(name: str, thing: Any) -> str:
    short = name.rpartition(".")[2] if name.count(".") == 1 else name.partition(".")[2]
    try:
        signature = inspect.signature(thing)
    except (TypeError, ValueError):
        return short
    wanted = [each for each in signature.parameters.values() if each.name != "self"]
    parameters = [_QUOTED.sub(r"\1", str(each)) for each in wanted]
    kinds = [each.kind for each in wanted]
    if inspect.Parameter.KEYWORD_ONLY in kinds and inspect.Parameter.VAR_POSITIONAL not in kinds:
        parameters.insert(kinds.index(inspect.Parameter.KEYWORD_ONLY), "*")
    returned = "" if signature.return_annotation is signature.empty else f" -> {signature.return_annotation}"
    joined = ", ".join(parameters)
    if len(short) + len(joined) + len(returned) < 90:
        return f"{short}({joined}){returned}"
    return "\n".join([f"{short}(", *(f"    {each}," for each in parameters), f"){returned}"])


def _docstring_lines(text: str) -> Iterator[str]:
    """Yield a docstring in Google's style as Markdown: its sections become lists."""
    in_section = False
    for line in text.splitlines():
        if match := _SECTION.match(line):
            yield f"\n**{match[1]}**\n"
            in_section = True
        elif in_section and (match := _ENTRY.match(line)):
            yield f"- `{match[1]}`: {match[2]}"
        elif in_section and line.startswith("    "):
            yield f"  {line.strip()}"
        else:
            in_section = in_section and not line
            yield line
    yield ""


def metrics_page() -> Iterator[str]:
    """Yield the lines of the reference of the metrics."""
    yield "# Metrics\n"
    yield "The keys of each split in `metrics.json`, of `train --json` and of `evaluate --json`. `KEY_ci95`"
    yield "is the 95 % interval of `KEY`. What they mean: [Read the result](../how-to/read-the-result.md).\n"
    for title, kind in (("One label per text", SINGLE_LABEL), ("Several labels per text", MULTI_LABEL)):
        yield f"## {title}\n"
        yield "| key | name | unit | better | interval |"
        yield "| --- | --- | --- | --- | --- |"
        for key, metric in metrics_of(kind).items():
            unit = {"%": "share, shown in percent"}.get(metric.unit, metric.unit)
            yield f"| `{key}` | {metric.title} | {unit} | {metric.direction} | {metric.interval_method} |"
        yield ""


_PAGES = {
    "commands": commands_page,
    "settings": settings_page,
    "python": python_page,
    "metrics": metrics_page,
    "http": http_page,
}


def notebook_page(path: Path) -> Iterator[str]:
    """Yield the lines of a notebook's page: its text, its code, and what the code printed when it was run."""
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            # A page of the site stands beside the others, and a notebook in a folder of its own.
            yield f"{source.replace('](../docs/', '](../')}\n"
            continue
        yield f"```python\n{source}\n```\n"
        for output in cell["outputs"]:
            data = output.get("data", {})
            printed = "".join(output.get("text", data.get("text/plain", "")))
            yield f"```text\n{printed.rstrip()}\n```\n"


def _in_one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text.partition("\f")[0]).strip()


def _cell(text: str) -> str:
    return _in_one_line(text).replace("|", "\\|")


def gather(folder: Path) -> None:
    """Write all pages into a folder, which is emptied first."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(DOCS, folder)
    reference = folder / "reference"
    reference.mkdir(exist_ok=True)
    for name, lines in _PAGES.items():
        (reference / f"{name}.md").write_text("\n".join(lines()) + "\n", encoding="utf-8")
    (folder / "examples").mkdir()
    for path in sorted((REPOSITORY / "examples").glob("*.ipynb")):
        page = folder / "examples" / f"{path.stem}.md"
        page.write_text("\n".join(notebook_page(path)) + "\n", encoding="utf-8")
    configuration = (REPOSITORY / "mkdocs.yml").read_text(encoding="utf-8")
    decisions = [f"          - decisions/{page.name}" for page in sorted((DOCS / "decisions").glob("*.md"))]
    written = configuration.replace(_DECISIONS, "\n".join(["      - Decisions:", *decisions]))
    written = written.replace("docs_dir: build/docs", f"docs_dir: {folder.name}")
    (folder.parent / "mkdocs.yml").write_text(written.replace("build/site", "site"), encoding="utf-8")


if __name__ == "__main__":
    gather(Path(sys.argv[1]) if len(sys.argv) > 1 else REPOSITORY / "build" / "docs")
