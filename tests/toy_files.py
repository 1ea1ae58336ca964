"""A new file of the package, which is found as if it lay in the package's folder."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import pytest

from textune.discovery import import_files


@contextmanager
def toy_file(package: str, name: str, code: str, folder: Path) -> Iterator[None]:
    """Add a file to a package for a while, in which files are looked for as in a new process."""
    folder.mkdir()
    (folder / f"{name}.py").write_text(code, encoding="utf-8")
    module = import_module(package)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "__path__", [*module.__path__, str(folder)])
        import_files.cache_clear()
        try:
            yield
        finally:
            import_files.cache_clear()
            sys.modules.pop(f"{package}.{name}", None)
            vars(module).pop(name, None)


_COMMANDS = """
import json, sys
import {package} as package
package.__path__.append({folder!r})
from textune.cli.main import main
for arguments in json.loads(sys.argv[1]):
    sys.argv = ["textune", *arguments]
    try:
        main()
    except SystemExit as ended:
        if ended.code:
            raise
    print({end!r}, flush=True)
"""
_END = "--- end of a command ---"


def commands_with_folder(package: str, folder: Path, *commands: Sequence[object]) -> list[str]:
    """Run commands in a process whose package has another folder of files; return what each printed."""
    code = _COMMANDS.format(package=package, folder=str(folder), end=_END)
    arguments = json.dumps([[str(each) for each in command] for command in commands])
    result = subprocess.run(
        [sys.executable, "-c", code, arguments], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.split(_END)[:-1]
