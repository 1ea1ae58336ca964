"""A new file of the package, which is found as if it lay in the package's folder."""

from __future__ import annotations

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
