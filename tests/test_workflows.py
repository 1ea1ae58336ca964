"""What CI runs elsewhere, what the package and its pages say, and what the policy promises: all the same."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest
import yaml

from conftest import REPOSITORY

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
POLICY = (REPOSITORY / "docs" / "policy.md").read_text(encoding="utf-8")


def floors() -> dict[str, str]:
    """Return the lowest version of each dependency."""
    lines = [re.match(r"([\w-]+)>=([\d.]+)", line) for line in PROJECT["dependencies"]]
    return {match[1]: match[2] for match in lines if match}


@pytest.fixture(scope="module")
def jobs() -> dict[str, Any]:
    workflow = yaml.safe_load((REPOSITORY / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    found: dict[str, Any] = workflow["jobs"]
    return found


def test_each_python_of_the_package_is_tested_and_promised(jobs: dict[str, Any]) -> None:
    prefix = "Programming Language :: Python :: 3."
    pythons = [line[len(prefix) - 2 :] for line in PROJECT["classifiers"] if line.startswith(prefix)]

    assert jobs["test"]["strategy"]["matrix"]["python"] == pythons
    assert f"| Python | {', '.join(pythons)} |" in POLICY


def test_the_suite_runs_on_each_system(jobs: dict[str, Any]) -> None:
    matrix = jobs["test"]["strategy"]["matrix"]
    systems = {*matrix["system"], *(each["system"] for each in matrix["include"])}

    assert {re.match(r"[a-z]+", system)[0] for system in systems} == {"ubuntu", "macos", "windows"}  # type: ignore[index]
    assert any(system.endswith("-arm") for system in systems)


def test_the_policy_says_that_nothing_is_deprecated_for_as_long_as_that_is_true() -> None:
    changes = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")

    assert ("Nothing is deprecated so far" in POLICY) is ("### Deprecated" not in changes)


def test_the_policy_names_the_lowest_versions_of_torch_and_transformers() -> None:
    assert f"| torch | {floors()['torch']} to " in POLICY
    assert f"| transformers | {floors()['transformers']} up to" in POLICY


def test_pages_name_the_version_of_the_package() -> None:
    pages = [
        REPOSITORY / "README.md",
        REPOSITORY / "CONTRIBUTING.md",
        *(REPOSITORY / "docs").glob("how-to/*.md"),
    ]
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    versions = re.findall(r"\btextune(?:\[\w+\])?[-= ]{1,2}(\d+\.\d+\.\d+)", text)

    assert len(versions) >= 3
    assert set(versions) == {PROJECT["version"]}


def test_the_changelog_begins_with_what_is_new_and_then_has_this_version() -> None:
    text = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")
    sections = re.findall(r"^## \[([^]]+)\]", text, re.MULTILINE)

    assert sections[:2] == ["Unreleased", PROJECT["version"]]
