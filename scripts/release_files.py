"""Makes the files of a release in dist/: source archive, wheel, bill of materials, and their SHA-256.

    python scripts/release_files.py TOOLS [FOLDER]

TOOLS is an environment with scripts/release-requirements.txt. The wheel is installed into an empty
environment, which trains on the shipped sample. What is installed there is the bill of materials. Limits of a
release are checked: the wheel has less than 1 MiB, and `import textune` takes less than 50 ms of
the processor. Needs the package index.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path
from unittest.mock import patch

REPOSITORY = Path(__file__).parent.parent
MOST_BYTES = 1 << 20
MOST_MILLISECONDS = 50
_IMPORT = "import time; t = time.process_time(); import textune; print(1000 * (time.process_time() - t))"
"""The processor's time, which other work on the machine does not change."""
_PIP = ("-m", "pip", "--disable-pip-version-check", "--quiet")
_FROM_TEXTUNE = (
    "train",
    "--recipe",
    "frozen",
    "--model",
    "embedded:minilm",
    "--data",
    "sample:emotion",
    "--offline",
)


def main(tools: Path, folder: Path) -> None:
    """Make the files, check them, and print what they are."""
    shutil.rmtree(folder, ignore_errors=True)
    python = tools / "bin" / "python"
    _run(python, "-m", "build", "--outdir", folder, REPOSITORY)
    [wheel], [source] = folder.glob("*.whl"), folder.glob("*.tar.gz")
    before = wheel.stat().st_size
    pack_tightly(wheel)
    _run(python, "-m", "twine", "check", "--strict", wheel, source)
    with tempfile.TemporaryDirectory() as empty:
        milliseconds = _install_and_train(wheel, Path(empty), folder, tools)
    write_hashes(folder)
    size = wheel.stat().st_size
    print(f"{wheel.name}: {size:,} bytes ({before:,} before it was packed tightly)")
    print(f"import textune: {milliseconds:.1f} ms of the processor, the least of five")
    print((folder / "SHA256SUMS").read_text(encoding="utf-8"), end="")
    if size >= MOST_BYTES:
        raise SystemExit(f"The wheel has {size:,} bytes, and {MOST_BYTES:,} are too many.")
    if milliseconds >= MOST_MILLISECONDS:
        raise SystemExit(
            f"`import textune` takes {milliseconds:.1f} ms, and {MOST_MILLISECONDS} are too many."
        )


def pack_tightly(wheel: Path) -> None:
    """Compress a wheel's files by zopfli, which tries longer; the files stay as they are, byte by byte."""
    with zipfile.ZipFile(wheel) as archive:
        files = [(entry, archive.read(entry)) for entry in archive.infolist()]
    packed = wheel.with_suffix(".packed")
    with patch("zlib.compressobj", _Zopfli), zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry, content in files:
            archive.writestr(entry, content)
    with zipfile.ZipFile(packed) as archive:
        if [(entry.filename, archive.read(entry)) for entry in archive.infolist()] != [
            (entry.filename, content) for entry, content in files
        ]:
            raise SystemExit(f"{packed} does not hold what {wheel} holds.")
    packed.replace(wheel)


class _Zopfli:
    """What `zlib.compressobj` returns, for one file."""

    def __init__(self, *_: object) -> None:
        self._content = bytearray()

    def compress(self, content: bytes) -> bytes:
        self._content += content
        return b""

    def flush(self) -> bytes:
        from zopfli.zlib import compress

        # Without the two bytes before and the four after, which a ZIP file does not have.
        return bytes(compress(bytes(self._content)))[2:-4]


def write_hashes(folder: Path) -> None:
    """Write the SHA-256 of a folder's files as `sha256sum --check` reads them."""
    files = sorted(path for path in folder.iterdir() if path.name != "SHA256SUMS")
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    (folder / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")


def _install_and_train(wheel: Path, empty: Path, folder: Path, tools: Path) -> float:
    """Return the milliseconds of `import textune` in an environment with the wheel alone."""
    venv.create(empty / "environment", with_pip=True)
    python = empty / "environment" / "bin" / "python"
    _run(python, *_PIP, "install", f"{wheel.resolve()}[embedded]")
    bill = folder / f"{wheel.name.rpartition('-py3')[0]}.cdx.json"
    _run(
        tools / "bin" / "cyclonedx-py",
        "environment",
        "--pyproject",
        REPOSITORY / "pyproject.toml",
        "--output-format",
        "JSON",
        "--output-file",
        bill,
        python,
    )
    # Away from the source, so that only the installed package can be imported.
    milliseconds = [float(_run(python, "-c", _IMPORT, cwd=empty)) for _ in range(5)]
    textune = python.with_name("textune")
    _run(textune, *_FROM_TEXTUNE, "--out", "run", cwd=empty, cache=empty / "cache")
    print(_run(textune, "predict", "run", "We got the keys to our first flat today!!", cwd=empty), end="")
    if not (empty / "environment" / "share" / "man" / "man1" / "textune.1").is_file():
        raise SystemExit("The wheel has no manual pages.")
    return min(milliseconds)


def _run(program: Path, *arguments: object, cwd: Path = REPOSITORY, cache: Path | None = None) -> str:
    variables = {
        name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")
    }
    if cache is not None:
        variables["TEXTUNE_CACHE"] = str(cache)
    command = [str(program), *map(str, arguments)]
    done = subprocess.run(command, cwd=cwd, env=variables, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


if __name__ == "__main__":
    main(
        Path(sys.argv[1]).absolute(),
        Path(sys.argv[2] if len(sys.argv) > 2 else REPOSITORY / "dist").absolute(),
    )
