"""Shells with a terminal, in which the tab key is pressed.

In: a shell, and the beginnings of command lines. Out: the last word of each line after the tab key.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

COMPLETIONS = Path(__file__).parent.parent / "src" / "textune" / "cli" / "completions"
_COMMANDS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], "source {script}"),
    "zsh": (["zsh", "-f", "-i"], "autoload -Uz compinit; compinit -u -d {folder}/dump; source {script}"),
}
_START, _END, _TAB = "\x01", "\x05", "\t"


def is_installed(shell: str) -> bool:
    """Return whether a shell is on this computer."""
    return shutil.which(shell) is not None


def completed(shell: str, lines: Sequence[str], folder: Path, *, as_shown: bool = False) -> list[str]:
    """Return what the last word of each line becomes if the tab key is pressed, in a folder of its own.

    It is what a command would get or, `as_shown`, what stands in the line, with its quotes and backslashes.
    """
    environment = _environment(folder)
    script = COMPLETIONS / f"textune.{shell}"
    if shell == "fish":
        return [_completed_by_fish(line, script, folder, environment) for line in lines]
    command, prepare = _COMMANDS[shell]
    keys = [prepare.format(script=script, folder=folder)]
    # The line is not run: its words are printed between marks.
    quote = "'" if as_shown else ""
    keys += [
        f"{line}{_TAB}{_START}printf '%s|' '<{number}<' {quote}{_END}{quote} '>>'; echo"
        for number, line in enumerate(lines)
    ]
    shown = _typed(command, "".join(f"{line}\n" for line in [*keys, "exit"]), folder, environment)
    words = [_printed(shown, number) for number in range(len(lines))]
    return [word.rpartition(" " if as_shown else "|")[2] for word in map(str.rstrip, words)]


def _printed(shown: str, number: int) -> str:
    return re.findall(rf"^<{number}<\|(.*)\|>>\|\r$", shown, re.MULTILINE)[-1]


def _environment(folder: Path) -> dict[str, str]:
    programs = folder / "programs"
    programs.mkdir(exist_ok=True)
    program = programs / "textune"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m textune "$@"\n')
    program.chmod(0o755)
    variables = {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "TERM": "dumb", "PS1": "$ "}
    return {**os.environ, **variables, "HOME": str(folder), "PYTHONPATH": os.pathsep.join(sys.path)}


def _completed_by_fish(line: str, script: Path, folder: Path, environment: dict[str, str]) -> str:
    """Return the word that fish offers, or all of them with commas."""
    asked = f"source '{script}'; complete --do-complete \"{line}\""
    process = subprocess.run(
        ["fish", "--no-config", "-c", asked],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    words = [answer.partition("\t")[0] for answer in process.stdout.splitlines()]
    return words[0] if len(words) == 1 else ",".join(words)


def _typed(command: list[str], keys: str, folder: Path, environment: dict[str, str]) -> str:
    """Return what a terminal shows while a shell gets keys."""
    # In a process of its own: this one has threads, and must not fork.
    spawn = [sys.executable, "-c", "import pty, sys; pty.spawn(sys.argv[1:])", *command]
    process = subprocess.run(
        spawn, input=keys.encode(), cwd=folder, env=environment, capture_output=True, timeout=120, check=False
    )
    return process.stdout.decode(errors="replace")
