"""Measures how much disk textune takes, and how much more each of its extras.

    python scripts/sizes.py [EXTRA ...]

Makes an environment in a temporary folder, installs textune without extras, and counts the bytes of its
files. For each extra, pip says which packages would be added there. Their wheels are downloaded, and what is
in them is counted without being installed. Needs the package index, and takes some minutes. Prints a table in
Markdown.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import tomllib
import venv
import zipfile
from collections.abc import Sequence
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent
_FOR_DEVELOPERS = "dev"
_PIP = ("-m", "pip", "--disable-pip-version-check", "--quiet")


def main(chosen: Sequence[str]) -> None:
    """Measure and print."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = chosen or [name for name in project["optional-dependencies"] if name != _FOR_DEVELOPERS]
    with tempfile.TemporaryDirectory() as folder:
        python = _environment(Path(folder, "environment"))
        _run(python, *_PIP, "install", str(REPOSITORY))
        print(f"torch {_run(python, '-c', 'import torch; print(torch.__version__)').strip()}\n")
        print("| extra | packages | MB on disk |\n| --- | --- | --- |")
        [site] = Path(folder, "environment").glob("lib/python*/site-packages")
        packages = [each for each in site.glob("*.dist-info") if not each.name.startswith("textune")]
        print(f"| none | {len(packages)} | {megabytes(folder_bytes(site))} |", flush=True)
        for name in extras:
            added = _added_packages(python, name)
            total = sum(_download_bytes(python, each, Path(folder, "wheels")) for each in added)
            print(f"| `{name}` | + {len(added)} | + {megabytes(total)} |", flush=True)


def folder_bytes(folder: Path) -> int:
    """Return the bytes of all files in a folder, those that Python compiles aside."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return sum(path.stat().st_size for path in files)


def wheel_bytes(wheel: Path) -> int:
    """Return how many bytes a wheel takes once it is installed."""
    with zipfile.ZipFile(wheel) as archive:
        return sum(entry.file_size for entry in archive.infolist())


def megabytes(count: int) -> str:
    """Return bytes in MB, as a table shows them."""
    return f"{count / 1e6:,.0f}" if count >= 1e6 else f"{count / 1e6:.1f}"


def _environment(folder: Path) -> Path:
    venv.create(folder, with_pip=True)
    return folder / "bin" / "python"


def _added_packages(python: Path, extra: str) -> list[str]:
    """Return the packages that an extra adds to textune alone, with their versions."""
    report = _run(python, *_PIP, "install", "--dry-run", "--report", "-", f"{REPOSITORY}[{extra}]")
    found = [entry["metadata"] for entry in json.loads(report)["install"]]
    return [f"{each['name']}=={each['version']}" for each in found if each["name"] != "textune"]


def _download_bytes(python: Path, package: str, folder: Path) -> int:
    """Return how many bytes a package takes; a package that has no wheel is built."""
    target = folder / package
    _run(python, *_PIP, "wheel", "--no-deps", "--wheel-dir", str(target), package)
    [wheel] = target.glob("*.whl")
    count = wheel_bytes(wheel)
    wheel.unlink()
    return count


def _run(python: Path, *arguments: str) -> str:
    done = subprocess.run([python, *arguments], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments)} failed.")
    return done.stdout


if __name__ == "__main__":
    main(sys.argv[1:])
