"""Says how much disk textune takes, and how much more each of its extras.

    python scripts/sizes.py [FOLDER ...]

Reads the environment of this Python, and FOLDERs, the site-packages of others. What textune requires is
followed from package to package, and the files of each are added up, those aside that Python compiles. An
extra of which a package is missing is named as such. Prints a table in Markdown; needs no network.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import Distribution, distributions
from pathlib import Path

from packaging.requirements import Requirement

Installed = Mapping[str, Distribution]
_PROJECT, _FOR_DEVELOPERS = "textune", "dev"


def main(folders: Sequence[str]) -> None:
    """Print the table."""
    installed = read_environment([*folders, *sys.path])
    base = set(required(installed, _PROJECT))
    torch = installed["torch"].version
    print(f"Python {sys.version_info.major}.{sys.version_info.minor}, torch {torch}\n")
    print("| extra | packages | MB on disk |\n| --- | --- | --- |")
    print(f"| none | {len(base)} | {megabytes(sum(size(installed[name]) for name in base))} |")
    for extra in installed[_PROJECT].metadata.get_all("Provides-Extra") or ():
        if extra == _FOR_DEVELOPERS:
            continue
        try:
            added = set(required(installed, _PROJECT, extra)) - base
        except LookupError as error:
            print(f"| `{extra}` | {error.args[0]} is not installed here | |")
            continue
        print(f"| `{extra}` | + {len(added)} | + {megabytes(sum(size(installed[name]) for name in added))} |")


def read_environment(folders: Iterable[str]) -> dict[str, Distribution]:
    """Return the distributions in some folders by their names; the first of a name counts."""
    found: dict[str, Distribution] = {}
    for each in distributions(path=list(folders)):
        found.setdefault(_normal(each.metadata["Name"]), each)
    return found


def required(installed: Installed, name: str, extra: str = "") -> Iterator[str]:
    """Yield the packages that one requires, with an extra if one is named, and what those require in turn.

    Raises:
        LookupError: One of them is not installed; it names it.
    """
    waiting, seen = [(name, extra)], set[tuple[str, str]]()
    while waiting:
        package, chosen = waiting.pop()
        if (package, chosen) in seen:
            continue
        seen.add((package, chosen))
        if package not in installed:
            raise LookupError(package)
        if package != name:
            yield package
        for line in installed[package].requires or ():
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": chosen}):
                waiting += [(_normal(requirement.name), part) for part in ("", *requirement.extras)]


def size(distribution: Distribution) -> int:
    """Return the bytes of a distribution's files."""
    paths = [Path(str(file.locate())) for file in distribution.files or () if file.suffix != ".pyc"]
    return sum(path.stat().st_size for path in paths if path.is_file())


def megabytes(count: int) -> str:
    """Return bytes in MB, as a table shows them."""
    return f"{count / 1e6:,.0f}" if count >= 1e6 else f"{count / 1e6:.1f}"


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    main(sys.argv[1:])
