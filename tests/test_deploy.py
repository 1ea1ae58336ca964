"""What deploys a server: the Dockerfile and the systemd unit, checked as far as possible without running."""

from __future__ import annotations

import configparser
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from conftest import REPOSITORY
from textune.cli.application import app
from textune.discovery import import_files
from textune.serving.limits import Limits

DOCKERFILE = REPOSITORY / "deploy" / "Dockerfile"
UNIT = REPOSITORY / "deploy" / "textune.service"
KNOWN = {
    *(
        "FROM",
        "RUN",
        "CMD",
        "EXPOSE",
        "ENV",
        "COPY",
        "ENTRYPOINT",
        "USER",
        "WORKDIR",
        "HEALTHCHECK",
        "STOPSIGNAL",
    )
}


def instructions() -> list[tuple[str, str]]:
    """Return the Dockerfile's instructions with their arguments, continued lines joined."""
    text = re.sub(r"^\s*#.*\n", "", DOCKERFILE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in lines if line.strip()]


def arguments_of(name: str) -> list[str]:
    return [argument for instruction, argument in instructions() if instruction == name]


def unit() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(UNIT.read_text(encoding="utf-8"))
    return parser


def check_command(words: list[str]) -> None:
    """Check that the command line knows a command and its options, without running it."""
    import_files("textune.cli")
    options = {word for word in words if word.startswith("--")}
    described = CliRunner().invoke(app, [words[1], "--help"]).output

    assert words[0] == "textune"
    assert options <= set(re.findall(r"--[a-z-]+", described))


def test_the_dockerfile_uses_instructions_that_exist() -> None:
    assert {name for name, _ in instructions()} <= KNOWN


def test_what_the_dockerfile_copies_is_there_and_is_sent_to_the_builder() -> None:
    sources = [
        word for copied in arguments_of("COPY") if "--from" not in copied for word in copied.split()[:-1]
    ]
    sent = (REPOSITORY / ".dockerignore").read_text(encoding="utf-8").splitlines()

    assert sources
    assert all((REPOSITORY / source).exists() for source in sources)
    assert {f"!{source}" for source in sources} <= set(sent)


def test_the_container_runs_as_nobody_of_importance() -> None:
    names = [name for name, _ in instructions()]

    assert arguments_of("USER") == ["10001"]
    assert names.index("USER") < names.index("ENTRYPOINT")


def test_the_containers_command_is_one_that_textune_knows() -> None:
    [entry], [rest] = arguments_of("ENTRYPOINT"), arguments_of("CMD")

    check_command([*re.findall(r'"([^"]+)"', entry), *re.findall(r'"([^"]+)"', rest)])


def test_the_container_takes_serve_as_its_argument_and_everything_else_from_variables() -> None:
    described = CliRunner().invoke(app, ["serve", "--help"], env={"COLUMNS": "200"}).output
    set_there = {name for line in arguments_of("ENV") for name in re.findall(r"(TEXTUNE_\w+)=", line)}

    assert arguments_of("CMD") == ['["serve"]']
    assert set_there == {"TEXTUNE_RUN", "TEXTUNE_HOST"}
    assert all(name in described for name in set_there)


def test_the_commands_of_the_guide_put_what_the_unit_and_the_dockerfile_use_where_they_use_it() -> None:
    guide = (REPOSITORY / "docs" / "how-to" / "serve.md").read_text(encoding="utf-8")
    [installed] = re.findall(r"/opt/textune/bin/pip install 'textune(\[.+\])'", guide)
    program, _, run, *_ = shlex.split(unit()["Service"]["ExecStart"])

    assert f'".{installed}"' in DOCKERFILE.read_text(encoding="utf-8")
    assert f"python3 -m venv {Path(program).parent.parent}" in guide
    assert f"mkdir -p {Path(run).parent} && cp -r runs/mine {run}\n" in guide


def test_the_container_asks_for_the_health_on_the_port_that_it_serves() -> None:
    [check] = arguments_of("HEALTHCHECK")

    assert "http://127.0.0.1:8000/health" in check
    assert arguments_of("EXPOSE") == ["8000"]


def test_hadolint_finds_nothing_where_it_is_installed() -> None:
    beside_python = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    hadolint = shutil.which("hadolint", path=beside_python)
    if hadolint is None:
        pytest.skip("hadolint is not installed")

    result = subprocess.run([hadolint, DOCKERFILE], capture_output=True, text=True, check=False)

    assert result.stdout == ""


def test_the_units_command_is_one_that_textune_knows() -> None:
    words = shlex.split(unit()["Service"]["ExecStart"])

    check_command([Path(words[0]).name, *words[1:]])


def test_the_unit_starts_no_server_without_the_file_with_its_key() -> None:
    assert unit()["Service"]["EnvironmentFile"] == "/etc/textune.env"


def test_the_unit_gives_a_server_that_drains_the_time_for_it() -> None:
    seconds = float(unit()["Service"]["TimeoutStopSec"])

    assert seconds >= Limits().timeout_seconds + 5
    assert unit()["Service"]["KillMode"] == "mixed"


def test_systemd_accepts_the_unit_where_it_is_installed(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed")
    # It wants the command to be there: this interpreter is.
    copy = tmp_path / "textune.service"
    copy.write_text(UNIT.read_text(encoding="utf-8").replace("/opt/textune/bin/textune", sys.executable))

    result = subprocess.run(
        [analyze, "verify", "--man=no", copy],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "SYSTEMD_LOG_LEVEL": "warning"},
    )

    complaints = [line for line in result.stderr.splitlines() if "textune.service" in line]
    assert complaints == []
