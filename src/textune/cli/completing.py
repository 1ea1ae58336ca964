"""What can stand at the end of an unfinished command line, for the completion of shells.

In: the line up to the cursor. Out: an answer per line: a value, and after a tab its help; `<files>` and
`<folders>` ask the shell for names of its own. Reads the commands' own descriptions, so a new command needs
nothing here. Does not know shells: their scripts are in `completions/`.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any

import typer

from textune.cli.option_values import FILES, FOLDERS, option_values

_PROGRAM = "textune"


def split_line(line: str) -> tuple[list[str], str]:
    """Return the words of a line after the program's name, and the unfinished word at its end.

    Example:
        >>> split_line("LANG=C textune train --recipe fro")
        (['train', '--recipe'], 'fro')
    """
    lexer = shlex.shlex(line, posix=True)
    lexer.whitespace_split, lexer.commenters = True, ""
    words, is_open = [], False
    try:
        for word in lexer:
            words.append(word)  # noqa: PERF402 - What comes before the quote is kept.
    except ValueError:  # A quote is still open.
        is_open = True
        words.append(lexer.token)
    incomplete = words.pop() if words and (is_open or not line[-1:].isspace()) else ""
    starts = [place for place, word in enumerate(words) if PurePath(word).name == _PROGRAM]
    return words[starts[0] + 1 if starts else 1 :], incomplete


def completions(words: Sequence[str], incomplete: str) -> Iterator[str]:
    """Yield what can stand after some words, given the beginning of the next one."""
    command, expected, arguments, only_arguments = _follow(words)
    if command is None:
        return
    if expected is not None:
        yield from beginning(incomplete, option_values(expected, incomplete))
    elif incomplete.startswith("-") and not only_arguments:
        yield from _options(command, incomplete)
    elif hasattr(command, "commands"):
        # `list_commands` has the order of the help.
        names = command.list_commands(command.context_class(command))
        yield from beginning(incomplete, {name: command.commands[name].help or "" for name in names})
    elif arguments:
        yield from beginning(incomplete, option_values(arguments[0], incomplete))


def beginning(incomplete: str, described: Mapping[str, str]) -> Iterator[str]:
    """Yield an answer for each value with a beginning; `<files>` and `<folders>` have any."""
    for value, text in described.items():
        if value.startswith(incomplete) or value in (FILES, FOLDERS):
            sentence = " ".join(text.split()).partition(". ")[0].rstrip(".")
            yield f"{value}\t{sentence}" if sentence else value


def _follow(words: Sequence[str]) -> tuple[Any, Any, list[Any], bool]:
    """Return the command that the words name, the option that waits for its value, and the arguments to come.

    The last says whether `--` stood before. A command that does not exist is None.
    """
    from textune.cli.application import app

    command: Any = typer.main.get_command(app)
    expected, arguments, only_arguments = None, _arguments(command), False
    for word in words:
        if expected is not None:
            expected = None
        elif word == "--" and not only_arguments:
            only_arguments = True
        elif word.startswith("-") and len(word) > 1 and not only_arguments:
            option, equals, _ = word.partition("=")
            expected = None if equals else _option_with_value(command, option)
        elif hasattr(command, "commands"):
            if (command := command.commands.get(word)) is None:
                break
            arguments = _arguments(command)
        elif arguments and arguments[0].nargs == 1:
            arguments = arguments[1:]
    return command, expected, arguments, only_arguments


def _arguments(command: Any) -> list[Any]:
    return [each for each in command.params if each.param_type_name == "argument"]


def _option_with_value(command: Any, name: str) -> Any:
    options = (each for each in command.params if name in each.opts and not each.is_flag)
    return next(options, None)


def _options(command: Any, incomplete: str) -> Iterator[str]:
    name, equals, start = incomplete.partition("=")
    if equals:
        option = _option_with_value(command, name)
        for answer in beginning(start, option_values(option, start)) if option is not None else ():
            yield answer if answer in (FILES, FOLDERS) else f"{name}={answer}"
        return
    context = command.context_class(command)
    options = [each for each in command.get_params(context) if each.param_type_name == "option"]
    yield from beginning(
        incomplete, {max(each.opts, key=len): each.help or "" for each in options if not each.hidden}
    )
