"""A new file of the package, which is found as if it lay in the package's folder."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
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


def command_with_folder(package: str, folder: Path, *arguments: str | Path) -> str:
    """Run a command in a process whose package has another folder of files; return what it printed."""
    code = (
        f"import {package} as package; package.__path__.append({str(folder)!r})\n"
        "from textune.cli.main import main; main()"
    )
    command = [sys.executable, "-c", code, *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout
