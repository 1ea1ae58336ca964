"""What holds for the code as a whole."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from conftest import REPOSITORY

SOURCES = sorted((REPOSITORY / "src" / "textune").rglob("*.py"))
HEAVY = ("torch", "transformers", "datasets", "sklearn", "scipy", "pandas", "pyarrow", "fastapi", "uvicorn")


def modules_after(code: str) -> set[str]:
    """Run code in a fresh interpreter; return the top-level modules that it has imported."""
    script = f"{code}\nimport sys\nprint(*(name for name in sys.modules if '.' not in name))"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(result.stdout.splitlines()[-1].split())


def test_the_layers_are_held() -> None:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]

    result = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)

    assert result.returncode == 0, result.stdout


def test_importing_textune_imports_nothing_heavy() -> None:
    assert modules_after("import textune").isdisjoint(HEAVY)


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['textune', 'train', '--help']\n"
        "from textune.cli.main import main\n"
        "try: main()\nexcept SystemExit: pass"
    )

    assert modules_after(code).isdisjoint(HEAVY)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "There is no data to load"),
        (["--data", "nosuch.csv"], "There is no file or folder nosuch.csv"),
        (["--data", "{posts}", "--set", "data.text_column=nosuch"], "nosuch"),
        (["--data", "{posts}", "--model", "./nosuch"], "The model folder nosuch does not exist"),
    ],
    ids=["no data", "a missing file", "a wrong column", "a missing model"],
)
def test_wrong_data_or_a_wrong_model_is_answered_without_importing_what_trains(
    arguments: list[str], message: str, small_csv: str
) -> None:
    command = ["textune", "train", *(each.format(posts=small_csv) for each in arguments)]
    code = (
        f"import contextlib, io, sys; sys.argv = {command!r}\n"
        "from textune.cli.main import main\n"
        "with contextlib.redirect_stderr(io.StringIO()) as errors:\n"
        "    try: main()\n    except SystemExit: pass\n"
        f"assert {message!r} in ' '.join(errors.getvalue().split()), errors.getvalue()"
    )

    assert modules_after(code).isdisjoint({"torch", "transformers", "datasets", "sklearn"})


def test_a_wrong_setting_is_answered_without_importing_anything_heavy() -> None:
    code = (
        "import sys; sys.argv = ['textune', 'train', '--data', 'x.csv', '--set', 'train.sed=1']\n"
        "from textune.cli.main import main\n"
        "try: main()\nexcept SystemExit: pass"
    )

    assert modules_after(code).isdisjoint(HEAVY)
