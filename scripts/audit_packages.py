"""Asks for known vulnerabilities in the packages that textune installs, those of its extras included.

    python scripts/audit_packages.py PIP_AUDIT

PIP_AUDIT is the program of that name. It asks PyPI for the vulnerabilities of each installed version, and
passes over packages that PyPI does not answer for. Where it passed over most of them, nothing was learned,
and that is not a success: exit code 3. Exit code 1: a vulnerability is known.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

_FOR_DEVELOPERS = "dev"
_LEAST_SHARE = 0.9
_NOTHING_LEARNED = 3


def main(program: str) -> int:
    """Audit, print what was found, and return the exit code."""
    packages = dict(sorted(installed_packages(["textune"])))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "requirements.txt")
        file.write_text("".join(f"{name}=={version}\n" for name, version in packages.items()))
        command = [program, "--requirement", str(file), "--no-deps", "--disable-pip", "--format", "json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if not done.stdout.strip():
        print(f"pip-audit could not ask for vulnerabilities:\n{done.stderr.strip()[-1000:]}")
        return _NOTHING_LEARNED
    return report(json.loads(done.stdout)["dependencies"])


def report(dependencies: list[dict[str, Any]]) -> int:
    """Print what pip-audit says of packages, and return the exit code."""
    asked = [each for each in dependencies if "skip_reason" not in each]
    vulnerable = [each for each in asked if each.get("vulns")]
    for each in vulnerable:
        for fault in each["vulns"]:
            fixed = ", ".join(fault["fix_versions"]) or "no version yet"
            print(f"{each['name']} {each['version']}: {fault['id']}, fixed in {fixed}")
    print(f"{len(asked)} of {len(dependencies)} packages were looked up, {len(vulnerable)} are vulnerable.")
    if vulnerable:
        return 1
    if len(asked) < _LEAST_SHARE * len(dependencies):
        print(
            "The database of vulnerabilities did not answer for the others: without a network, none is known."
        )
        return _NOTHING_LEARNED
    return 0


def installed_packages(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield packages and all that they require, extras included, with the versions installed here.

    A version's local part, such as `+cpu`, is left out: the database does not know it.
    """
    waiting, seen = list(names), set[str]()
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in seen:
            continue
        seen.add(name)
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue
        if name != "textune":
            yield name, found.version.partition("+")[0]
        for line in found.requires or []:
            requirement = Requirement(line)
            if f'extra == "{_FOR_DEVELOPERS}"' not in str(requirement.marker) or name != "textune":
                waiting.append(requirement.name)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "pip-audit"))
