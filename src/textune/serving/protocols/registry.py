"""What a protocol is, and which protocols there are.

A new protocol is one file in this folder, `NAME_protocol.py`, which registers it under that name. The names
of the files are known without importing any; a file is imported when a server is built.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from textune.discovery import file_names, import_files
from textune.errors import RequestError

if TYPE_CHECKING:
    from starlette.responses import Response

    from textune.serving.refusals import Refusal

ALL = "all"
_ENDING = "_protocol"


# An `Asked`, `Endpoints` and a `Service`, which are made of what is here.
_Asked: TypeAlias = Any
_Endpoints: TypeAlias = Any
_Service: TypeAlias = Any


@dataclass(frozen=True)
class Invocation:
    """What a protocol does at `/invocations`, which several share.

    Attributes:
        takes: Returns whether a request is the protocol's, by its type and its body.
        answer: Answers a request that is.
        bodies: The schemas of bodies by their type.
        answers: The type of its answers.
        errors: The type of its refusals.
    """

    takes: Callable[[_Asked], bool]
    answer: Callable[[_Asked], Awaitable[Any]]
    bodies: Mapping[str, Any]
    answers: Any
    errors: Any


@dataclass(frozen=True)
class ClientProtocol:
    """A protocol of some clients.

    Attributes:
        name: The name by which people switch it on.
        title: Whose clients speak it, in a sentence.
        add: Adds its endpoints, if it has any of its own.
        refuse: Returns the response that its clients expect for a refusal; None: as everywhere else.
        prefixes: The beginnings of paths on which refusals have that form, besides its endpoints.
        always: Whether every server speaks it.
        port: Returns the port that its environment asks for, 0 if it does not; a `RequestError` says what is
            wrong there.
        invocation: Returns what it does at `/invocations`.
        models: Its part of the list of models at `/v1/models`: the type, and what returns it.
    """

    name: str
    title: str
    add: Callable[[_Endpoints, _Service], None] | None = None
    refuse: Callable[[Refusal], Response] | None = None
    prefixes: tuple[str, ...] = ()
    always: bool = False
    port: Callable[[Mapping[str, str]], int] | None = None
    invocation: Callable[[_Service], Invocation] | None = None
    models: tuple[type, Callable[[_Service], Mapping[str, Any]]] | None = None


_PROTOCOLS: dict[str, ClientProtocol] = {}


def register_protocol(protocol: ClientProtocol) -> None:
    """Add a protocol, or replace the one of the same name."""
    _PROTOCOLS[protocol.name] = protocol


def protocol_names() -> list[str]:
    """Return the names of all protocols, without importing their files."""
    names = file_names(__package__)
    return [name.removesuffix(_ENDING) for name in names if name.endswith(_ENDING)]


def check_protocols(names: Sequence[str]) -> tuple[str, ...]:
    """Return names of protocols in the order of `protocol_names`, or raise a `RequestError`; `all` is all."""
    known = protocol_names()
    if unknown := [name for name in names if name not in known and name != ALL]:
        raise RequestError(
            f"There is no protocol '{unknown[0]}'.",
            f"The protocols are: {', '.join(known)}. Separate them by commas; '{ALL}' stands for all.",
        )
    return tuple(known) if ALL in names else tuple(name for name in known if name in names)


def find_protocols(names: Sequence[str]) -> tuple[ClientProtocol, ...]:
    """Return the protocols of these names, and those that every server speaks."""
    import_files(__package__, ending=_ENDING)
    wanted = check_protocols(names)
    return tuple(each for name, each in sorted(_PROTOCOLS.items()) if each.always or name in wanted)


def choose_port(port: int | None, names: Sequence[str], *, usual: int) -> int:
    """Return a port, or the one that protocols of these names ask for if it is None, or the usual one.

    What the environment says must be right in any case: it may raise a `RequestError`.
    """
    asked = [each.port(os.environ) for each in find_protocols(names) if each.port is not None]
    return next(filter(None, asked), usual) if port is None else port
