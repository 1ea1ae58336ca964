"""Runs everything that a release must pass, and prints one table of it.

    python scripts/release_check.py [--only NAME ...] [--without NAME ...] [--also NAME ...]

Each check is a target of the Makefile. Its output goes to build/release-check/NAME.log. A check that fails
does not stop the others. A check that could not be done, for lack of a network for instance, is not a
success: its program says so by exit code 3, and the table calls it "not done".
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import time
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent
LOGS = REPOSITORY / "build" / "release-check"

CHECKS = {
    "lint": "style, types, imports between rooms, spelling",
    "test": "the tests, with manual pages, help, completion, English, Dockerfiles and headers",
    "docs": "the site, built strictly",
    "check-site": "the site in a browser at two widths, light and dark, with axe-core",
    "notebooks": "the notebooks, executed",
    "test-docs": "every command and block of Python in the documentation",
    "conda": "the recipe for conda-forge",
    "release-files": "wheel, its size and import time, a training in an empty environment, SBOM, hashes",
    "audit-packages": "known vulnerabilities of all packages",
}
"""The targets, in order, and what they check."""

MORE = {
    "test-lowest": "the tests with the lowest versions that pyproject.toml allows",
    "test-tensorflow": "the Keras engine, on TensorFlow",
    "test-cluster": "predictions on Ray",
    "check-packages": "folders for Docker, SageMaker, KServe and MLflow, each in an empty environment",
}
"""Targets that `--also` adds: with them, a release takes more than 40 minutes on two cores."""

_NOT_DONE = re.compile(r"^make: \*\*\* .* Error 3$", re.MULTILINE)


def main() -> int:
    """Run the checks, print the table, and return 0 if all passed."""
    parser = argparse.ArgumentParser(description="Run everything that a release must pass.")
    parser.add_argument("--only", nargs="+", choices=CHECKS, default=list(CHECKS))
    parser.add_argument("--without", nargs="+", choices=CHECKS, default=[])
    parser.add_argument("--also", nargs="+", choices=MORE, default=[])
    options = parser.parse_args()
    chosen = [name for name in CHECKS if name in options.only and name not in options.without]
    LOGS.mkdir(parents=True, exist_ok=True)
    results = []
    for name in [*chosen, *options.also]:
        print(f"{name}: {(CHECKS | MORE)[name]} ...", flush=True)
        results.append((name, *run_target(name)))
    print(f"\n{table(results)}")
    return int(any(outcome != "passed" for _, outcome, _ in results))


def run_target(name: str) -> tuple[str, float]:
    """Run a target of the Makefile; return how it ended, and its seconds."""
    log = LOGS / f"{name}.log"
    start = time.monotonic()
    with log.open("w", encoding="utf-8") as file:
        code = subprocess.run(
            ["make", name], cwd=REPOSITORY, stdout=file, stderr=subprocess.STDOUT, check=False
        ).returncode
    if code == 0:
        outcome = "passed"
    else:
        outcome = "not done" if _NOT_DONE.search(log.read_text(encoding="utf-8")) else "FAILED"
    return outcome, time.monotonic() - start


def table(results: list[tuple[str, str, float]]) -> str:
    """Return the results as lines, the time of all at the end."""
    rows = [(name, outcome, f"{seconds:,.0f} s", (CHECKS | MORE)[name]) for name, outcome, seconds in results]
    total = sum(seconds for *_, seconds in results)
    passed = sum(outcome == "passed" for _, outcome, _ in results)
    rows.append(
        (
            "all",
            f"{passed} of {len(results)}",
            f"{total / 60:.1f} min",
            f"logs: {LOGS.relative_to(REPOSITORY)}",
        )
    )
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [
        f"{name:<{widths[0]}}  {outcome:<{widths[1]}}  {seconds:>{widths[2]}}  {what}"
        for name, outcome, seconds, what in rows
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
