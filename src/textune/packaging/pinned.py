"""The packages that a packaged classifier needs, each with the version that is installed here.

In: the names of a few packages. Out: lines for a requirements file, with what those need in turn. Pins are
those of this computer's kind of system and version of Python.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, distribution, requires

from textune.errors import RequestError

_ALWAYS = ("numpy", "tokenizers", "pydantic", "typer", "rich")
"""What textune imports to classify with an export."""
_FOR_SERVERS = ("pyarrow",)
"""What it imports to keep what a server predicts; MLflow brings a version that it accepts."""


def pinned_requirements(runtime_package: str, *, extra: str = "") -> list[str]:
    """Return a line `name==version` for each package that classifying with a runtime needs, sorted.

    Args:
        runtime_package: The package that opens an export.
        extra: An extra of textune that is needed as well, such as `serve`.

    Raises:
        RequestError: One of them is not installed.
    """
    roots = [(name, frozenset[str]()) for name in (*_ALWAYS, runtime_package)]
    if extra:
        roots += [(name, frozenset()) for name in _FOR_SERVERS]
        roots += _needed("textune", frozenset({extra}), only_extra=True)
    pins: dict[str, str] = {}
    waiting, seen = roots, set[tuple[str, frozenset[str]]]()
    while waiting:
        name, extras = waiting.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        try:
            found = distribution(name)
        except PackageNotFoundError:
            raise RequestError(
                f"The package {name} is needed, and is not installed.", f"Install it with: pip install {name}"
            ) from None
        # The version of a build for a certain processor or device is not on the package index.
        pins[_plain(found.name)] = found.version.partition("+")[0]
        waiting += _needed(name, extras)
    return [f"{name}=={version}" for name, version in sorted(pins.items())]


def _needed(
    name: str, extras: frozenset[str], *, only_extra: bool = False
) -> Iterable[tuple[str, frozenset[str]]]:
    """Yield the packages that a package needs on this system, each with its extras."""
    from packaging.requirements import Requirement

    for line in requires(name) or ():
        requirement = Requirement(line)
        marker = requirement.marker
        without_extra = marker is None or marker.evaluate({"extra": ""})
        with_extra = marker is not None and any(marker.evaluate({"extra": each}) for each in extras)
        if (with_extra and not without_extra) or (without_extra and not only_extra):
            yield _plain(requirement.name), frozenset(requirement.extras)


def _plain(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")
