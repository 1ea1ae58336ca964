"""What holds for the code as a whole."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from conftest import REPOSITORY

SOURCES = sorted((REPOSITORY / "src" / "textune").rglob("*.py"))
HEAVY = (
    *("torch", "transformers", "datasets", "sklearn", "scipy", "pandas", "pyarrow", "fastapi", "uvicorn"),
    *("mcp", "starlette"),
)


def modules_after(code: str) -> set[str]:
    """Run code in a fresh interpreter; return the modules that it has imported."""
    script = f"{code}\nimport sys\nprint(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(result.stdout.splitlines()[-1].split())


def modules_after_command(*arguments: str) -> set[str]:
    """Run a command in a fresh interpreter; return the modules that it has imported."""
    return modules_after(
        f"import sys; sys.argv = {['textune', *arguments]!r}\n"
        "from textune.cli.main import main\n"
        "try: main()\nexcept SystemExit: pass"
    )


def test_the_layers_are_held() -> None:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]

    result = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)

    assert result.returncode == 0, result.stdout


def test_importing_textune_imports_nothing_heavy() -> None:
    assert modules_after("import textune").isdisjoint(HEAVY)


def test_help_imports_nothing_heavy() -> None:
    assert modules_after_command("train", "--help").isdisjoint(HEAVY)


def test_the_version_is_printed_without_importing_a_command_line() -> None:
    assert modules_after_command("--version").isdisjoint({*HEAVY, "typer", "rich", "numpy", "pydantic"})


def test_the_list_of_commands_imports_no_numpy_and_no_recipe() -> None:
    assert modules_after_command("--help").isdisjoint({*HEAVY, "numpy", "pydantic", "textune.recipe"})


def test_a_command_imports_the_files_of_no_other() -> None:
    imported = modules_after_command("train", "--help")

    assert {name for name in imported if name.startswith("textune.cli.")} == {
        *("textune.cli.application", "textune.cli.main", "textune.cli.train")
    }


def test_a_text_is_classified_by_an_export_without_importing_what_reads_data(exported_run: Path) -> None:
    imported = modules_after_command("predict", str(exported_run), "so happy", "--runtime", "onnx")

    assert "onnxruntime" in imported
    unused = {"textune.recipe", "textune.annotations", "textune.data.columns", "textune.prediction.inputs"}
    assert imported.isdisjoint({*HEAVY, *unused})


def test_the_server_of_an_export_needs_nothing_that_trains(exported_run: Path) -> None:
    imported = modules_after(
        "import io\nfrom pathlib import Path\n"
        "from textune.serving.limits import Limits\nfrom textune.serving.served import load_served\n"
        "from textune.serving.server import Server\nfrom textune.serving.service import Service\n"
        f"served = load_served(Path({str(exported_run / 'exports' / 'onnx')!r}))\nserved.warm_up()\n"
        "Server(Service(served, limits=Limits(), api_keys=(), stream=io.StringIO()))"
    )

    assert imported.isdisjoint({"torch", "transformers", "datasets", "sklearn", "scipy", "pandas"})


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
    assert modules_after_command("train", "--data", "x.csv", "--set", "train.sed=1").isdisjoint(HEAVY)
