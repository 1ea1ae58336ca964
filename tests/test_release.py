"""The files around a release: the same version, licence and requirements, and tools that say no."""

from __future__ import annotations

import hashlib
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from audit_packages import installed_packages, report
from conftest import REPOSITORY
from release_check import CHECKS, MORE, table
from release_files import write_hashes
from sizes import megabytes, read_environment, required, size

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
OF_CONDA = {"torch": "pytorch", "huggingface-hub": "huggingface_hub"}
"""Packages that conda-forge calls otherwise."""


def read_yaml(*parts: str) -> Any:
    return yaml.safe_load(REPOSITORY.joinpath(*parts).read_text(encoding="utf-8"))


def test_the_recipe_for_conda_has_the_requirements_of_the_package() -> None:
    recipe = read_yaml("deploy", "conda", "recipe.yaml")
    expected = [f"python {PROJECT['requires-python'].replace('3.11', '${{ python_min }}')}"]
    for line in PROJECT["dependencies"]:
        name, bounds = re.fullmatch(r"([\w-]+)(.*)", line).groups()  # type: ignore[union-attr]
        expected.append(f"{OF_CONDA.get(name, name)} {bounds}")

    assert recipe["requirements"]["run"] == expected
    assert recipe["context"]["version"] == PROJECT["version"]
    assert recipe["about"]["license"] == PROJECT["license"]


def test_the_citation_names_this_version() -> None:
    citation = read_yaml("CITATION.cff")

    assert citation["version"] == PROJECT["version"]
    assert citation["license"] == PROJECT["license"]
    assert citation["repository-code"] == PROJECT["urls"]["Homepage"]
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()


@pytest.mark.parametrize("name", ["bug.yml", "idea.yml"])
def test_a_form_for_issues_asks_for_what_an_answer_needs(name: str) -> None:
    form = read_yaml(".github", "ISSUE_TEMPLATE", name)
    fields = [part for part in form["body"] if part["type"] != "markdown"]

    assert {"name", "description", "body"} <= form.keys()
    assert all({"id", "attributes"} <= field.keys() and field["attributes"]["label"] for field in fields)
    assert len({field["id"] for field in fields}) == len(fields)
    assert any(field.get("validations", {}).get("required") for field in fields)


def test_a_vulnerability_fails_the_audit(capsys: pytest.CaptureFixture[str]) -> None:
    fault = {"id": "GHSA-1", "fix_versions": ["2.0"]}

    code = report([{"name": "one", "version": "1.0", "vulns": [fault]}])

    assert code == 1
    assert "one 1.0: GHSA-1, fixed in 2.0" in capsys.readouterr().out


def test_an_audit_that_learned_nothing_is_no_success() -> None:
    assert report([{"name": "one", "skip_reason": "not found"}]) == 3
    assert report([{"name": "one", "version": "1.0", "vulns": []}]) == 0


def test_what_is_audited_is_what_textune_requires() -> None:
    packages = dict(installed_packages(["textune"]))

    assert {"torch", "transformers", "numpy", "tokenizers"} <= packages.keys()
    assert not any("+" in version for version in packages.values())


def test_the_hashes_are_those_of_the_files(tmp_path: Path) -> None:
    (tmp_path / "a.whl").write_bytes(b"wheel")

    write_hashes(tmp_path)

    digest = hashlib.sha256(b"wheel").hexdigest()
    assert (tmp_path / "SHA256SUMS").read_text(encoding="utf-8") == f"{digest}  a.whl\n"


def install(folder: Path, name: str, *requires: str, content: str = "") -> None:
    """Put a distribution with one file into a folder, as pip would."""
    (folder / f"{name}.py").write_text(content, encoding="utf-8")
    about = folder / f"{name}-1.0.dist-info"
    about.mkdir()
    lines = ["Metadata-Version: 2.1", f"Name: {name}", "Version: 1.0"]
    (about / "METADATA").write_text("\n".join([*lines, *(f"Requires-Dist: {line}" for line in requires), ""]))
    (about / "RECORD").write_text(f"{name}.py,,\n{name}-1.0.dist-info/METADATA,,\n")


def test_what_an_extra_takes_is_what_it_alone_requires(tmp_path: Path) -> None:
    install(tmp_path, "one", "two", 'three; extra == "more"', 'absent; extra == "other"')
    install(tmp_path, "two", content="x" * 2_000_000)
    install(tmp_path, "three", "two", "four", content="x" * 3_000_000)
    install(tmp_path, "four")
    installed = read_environment([str(tmp_path)])

    assert set(required(installed, "one")) == {"two"}
    assert set(required(installed, "one", "more")) == {"two", "three", "four"}
    assert megabytes(size(installed["three"])) == "3"
    with pytest.raises(LookupError, match="absent"):
        list(required(installed, "one", "other"))


def test_every_check_of_a_release_is_a_target() -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")

    assert [name for name in CHECKS | MORE if f"\n{name}:" not in makefile] == []


def test_the_table_says_what_failed_and_what_was_not_done() -> None:
    lines = table([("lint", "passed", 61.0), ("audit-packages", "not done", 2.0)]).splitlines()

    assert lines[0].split()[:4] == ["lint", "passed", "61", "s"]
    assert "not done" in lines[1]
    assert lines[2].split()[:4] == ["all", "1", "of", "2"]
