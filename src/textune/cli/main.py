"""The command line: find the commands, run one, and turn its errors into messages and exit codes.

Results go to standard output, progress and notes to standard error. Every command imports what it needs when
it runs, so that `--help` and wrong arguments are answered at once. Of the commands' files, only that of the
command is imported, and none to print the version.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from typing import NoReturn

from textune.discovery import file_names, import_files
from textune.errors import StoppedError, TextuneError
from textune.training.processes import is_first, may_speak

_NO_COMMANDS = ("application", "completing", "main", "option_values")
_UNFINISHED_LINE = "TEXTUNE_COMPLETE"
"""The variable by which a shell asks for completions: the command line up to the cursor."""


def start() -> NoReturn:
    """Run the command line in a process of its own, as the command `textune` does.

    This saves two costs of heavy imports, about a second each: collecting garbage while hundreds of thousands
    of permanent objects are created, and destroying them at the end.
    """
    gc.set_threshold(200_000, 50, 50)
    # SIGTERM is handled like Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    for stream in (sys.stdout, sys.stderr):
        _take_any_text(stream, is_windows=os.name == "nt")
    try:
        main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(bool(ended.code))
    for stream in (sys.stdout, sys.stderr):
        # A stream may be closed, or its reader may be gone.
        with suppress(AttributeError, OSError, ValueError):
            stream.flush()
    os._exit(code)


def main() -> NoReturn:
    """Run the command line and exit: 0 done, 1 failed, 2 the request or the data is wrong, 130 stopped."""
    # Set before anything imports the libraries that read them.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    if "--offline" in sys.argv:
        os.environ["HF_HUB_OFFLINE"] = "1"
    try:
        if sys.argv[1:] == ["--version"]:
            from textune import __version__

            print(f"textune {__version__}")  # noqa: T201
            raise SystemExit(0)
        if (line := os.environ.get(_UNFINISHED_LINE)) is not None:
            _complete(line)
            raise SystemExit(0)
        _import_commands(sys.argv[1:])
        from textune.cli.application import app

        app()
        raise SystemExit(0)
    except StoppedError as error:
        if may_speak() and is_first():
            print(error, file=sys.stderr)  # noqa: T201
        raise SystemExit(error.exit_code) from None
    except TextuneError as error:
        _fail(str(error), error.exit_code)
    except SystemExit as ended:
        # Shells recognise a process that Ctrl-C ended by this exit code.
        if ended.code == 130 and is_first():
            print("Stopped. No half-written files were left behind.", file=sys.stderr)  # noqa: T201
        raise
    except Exception as error:
        _fail(
            f"textune failed: {type(error).__name__}: {error}\n"
            "This is a bug. Run the command again with --debug and report what it prints.",
            1,
        )


def _complete(line: str) -> None:
    """Print what can stand at the end of an unfinished line, for the script of a shell."""
    from textune.cli.completing import completions, split_line

    words, incomplete = split_line(line)
    _import_commands(words)
    for answer in completions(words, incomplete):
        print(answer)  # noqa: T201


def _import_commands(arguments: Sequence[str]) -> None:
    """Import the file of the command that the arguments name; without one, all files."""
    command = next((each for each in arguments if not each.startswith("-")), "")
    if command in file_names("textune.cli") and command not in _NO_COMMANDS:
        import_module(f"textune.cli.{command}")
    else:
        import_files("textune.cli")


def _take_any_text(stream: object, *, is_windows: bool) -> None:
    """Let a stream write texts that its encoding lacks; Windows pipes have few characters."""
    with suppress(AttributeError, OSError, ValueError):
        if is_windows:
            stream.reconfigure(encoding="utf-8")  # type: ignore[attr-defined]
        stream.reconfigure(errors="backslashreplace")  # type: ignore[attr-defined]


def _fail(message: str, code: int) -> NoReturn:
    if "--debug" in sys.argv:
        traceback.print_exc()
    if may_speak():
        print(f"error: {message}", file=sys.stderr)  # noqa: T201
    raise SystemExit(code)
