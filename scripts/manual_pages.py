"""Writes the manual pages, a page for each command, from the command line's own help.

    python scripts/manual_pages.py [FOLDER]

The pages are in the repository, in share/man/man1, and in the wheel, so that `man textune-train` finds them
wherever textune is installed. A test compares them with what this script writes.
"""

from __future__ import annotations

import re
import shutil
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from textune.cli.application import app
from textune.discovery import import_files

FOLDER = Path(__file__).parent.parent / "share" / "man" / "man1"
_STATUS = {
    "0": "Done.",
    "1": "Failed.",
    "2": "The request or the data is wrong.",
    "130": "Stopped, by Ctrl-C for instance. Most commands can be resumed.",
}
_VARIABLES = {
    "TEXTUNE_CACHE": "The folder of the cache; by default ~/.cache/textune.",
    "TEXTUNE_CACHE_MEGABYTES": "The maximum size of the cache; by default 2000.",
    "TEXTUNE_API_KEY": "The key that a server asks for.",
    "HF_HUB_OFFLINE": "If 1, no connection is made, as with --offline.",
    "NO_COLOR": "If set, tables and progress have no colours.",
    "FORCE_COLOR": "If set, they have colours even where the output is not a terminal.",
}


def manual_pages() -> dict[str, str]:
    """Return the contents of all pages by the names of their files."""
    import_files("textune.cli")
    group: Any = typer.main.get_command(app)
    context = group.context_class(group, info_name="textune", **group.context_settings)
    commands = {name: group.commands[name] for name in group.list_commands(context)}
    pages = {"textune.1": "\n".join(_first_page(group, context, commands)) + "\n"}
    for name, command in commands.items():
        pages[f"textune-{name}.1"] = "\n".join(_command_page(f"textune {name}", command, context)) + "\n"
    return pages


def write(folder: Path) -> None:
    """Write all pages into a folder, which is emptied first."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, text in manual_pages().items():
        (folder / name).write_text(text, encoding="utf-8")


def _first_page(group: Any, context: Any, commands: dict[str, Any]) -> Iterator[str]:
    yield from _heading("textune", group.help)
    yield ".SH SYNOPSIS"
    yield _synopsis_line("textune", group)
    yield ".SH DESCRIPTION"
    yield from _wrapped(
        "Each command has a page of its own, such as textune-train(1). Results go to standard output, "
        "progress and notes to standard error."
    )
    yield ".SH COMMANDS"
    for name, command in commands.items():
        yield from _entry(rf"\fBtextune\-{_escape(name)}\fR(1)", _first_sentence(command.help) + ".")
    yield from _parameters(group, context)
    yield from _example(group.epilog)
    yield ".SH EXIT STATUS"
    for code, meaning in _STATUS.items():
        yield from _entry(rf"\fB{code}\fR", meaning)
    yield ".SH ENVIRONMENT"
    for name, meaning in _VARIABLES.items():
        yield from _entry(rf"\fB{name}\fR", meaning)


def _command_page(title: str, command: Any, parent: Any) -> Iterator[str]:
    context = command.context_class(command, info_name=title, parent=parent)
    yield from _heading(title, command.help)
    parts = getattr(command, "commands", {})
    described = [(f"{title} {name}", part) for name, part in parts.items()] or [(title, command)]
    yield ".SH SYNOPSIS"
    for number, (name, part) in enumerate(described):
        yield from ([".br"] if number else [])
        yield _synopsis_line(name, part)
    yield ".SH DESCRIPTION"
    for name, part in described:
        if parts:
            yield f".SS {_escape(name)}"
        yield from _paragraphs(part.help)
    if parts:
        for name, part in described:
            yield from _parameters(
                part, part.context_class(part, info_name=name, parent=context), of=f" OF {name}".upper()
            )
    else:
        yield from _parameters(command, context)
    yield from _example(command.epilog)
    yield ".SH SEE ALSO"
    yield r"\fBtextune\fR(1)"


def _heading(title: str, help_text: str) -> Iterator[str]:
    name = title.replace(" ", "-")
    yield r".\" Written by scripts/manual_pages.py: change the help of the command, and run make man."
    yield f'.TH "{_escape(name.upper())}" 1 "" "textune" "textune"'
    yield ".SH NAME"
    yield rf"{_escape(name)} \- {_escape(_first_sentence(help_text))}"


def _synopsis_line(title: str, command: Any) -> str:
    arguments = ["COMMAND"] if hasattr(command, "commands") else list(map(_placeholder, _arguments(command)))
    return rf"\fB{_escape(title)}\fR {_escape(' '.join(['[OPTIONS]', *arguments]))}"


def _parameters(command: Any, context: Any, *, of: str = "") -> Iterator[str]:
    """Yield the arguments and options, from what they are: how Typer shows them differs between versions."""
    if arguments := _arguments(command):
        yield f".SH ARGUMENTS{_escape(of)}"
    for each in arguments:
        yield from _entry(rf"\fB{_escape(_placeholder(each))}\fR", _meaning(each))
    yield f".SH OPTIONS{_escape(of)}"
    for each in command.get_params(context):
        if each.param_type_name == "option" and not each.hidden:
            names = ", ".join(sorted(each.opts, key=len))
            placeholder = "" if each.is_flag else each.metavar
            shown = rf" \fI{_escape(placeholder)}\fR" if placeholder else ""
            yield from _entry(rf"\fB{_escape(names)}\fR{shown}", _meaning(each))


def _arguments(command: Any) -> list[Any]:
    return [each for each in command.params if each.param_type_name == "argument" and not each.hidden]


def _placeholder(argument: Any) -> str:
    name = str(argument.metavar)
    return f"{name}..." if argument.nargs != 1 and not name.endswith("...") else name


def _meaning(parameter: Any) -> str:
    """Return what a parameter is, and its default in a sentence."""
    sentences = [_in_one_line(parameter.help)]
    shown, default = getattr(parameter, "show_default", True), parameter.default
    if isinstance(shown, str):
        sentences.append(f"Default: {shown}.")
    elif shown and isinstance(default, str | int | float) and default != "" and not isinstance(default, bool):
        sentences.append(f"Default: {getattr(default, 'value', default)}.")
    if parameter.envvar:
        sentences.append(f"Variable: {parameter.envvar}.")
    if parameter.required:
        sentences.append("Required.")
    return " ".join(filter(None, sentences))


def _entry(title: str, text: str) -> Iterator[str]:
    yield ".TP"
    yield title
    yield from _wrapped(text)


def _example(epilog: str | None) -> Iterator[str]:
    lines = (epilog or "").replace("\b", "").strip().splitlines()
    if lines:
        yield ".SH EXAMPLE"
        yield ".EX"
        yield from (_escape(line.strip()) for line in lines[1:])
        yield ".EE"


def _paragraphs(text: str) -> Iterator[str]:
    for number, paragraph in enumerate(text.partition("\f")[0].strip().split("\n\n")):
        yield from ([".PP"] if number else [])
        yield from _wrapped(_in_one_line(paragraph))


def _wrapped(text: str) -> Iterator[str]:
    """Yield a paragraph in lines, each sentence in lines of its own, as the format asks for."""
    for sentence in re.split(r"(?<=[.?!]) (?=[A-Z])", text):
        lines = textwrap.wrap(sentence, 72, break_long_words=False, break_on_hyphens=False)
        yield from map(_escape, lines)


def _first_sentence(text: str | None) -> str:
    return _in_one_line(text).partition(". ")[0].rstrip(".")


def _in_one_line(text: str | None) -> str:
    return " ".join((text or "").partition("\f")[0].split())


def _escape(text: str) -> str:
    escaped = text.replace("\\", r"\e").replace("-", r"\-")
    return rf"\&{escaped}" if escaped.startswith((".", "'")) else escaped


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
