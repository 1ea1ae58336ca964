"""The reference of the HTTP API, from what servers say of themselves in `/openapi.json`.

In: nothing. Out: the lines of a page in Markdown, with the endpoints of every protocol and the types of what
they take and return. The servers have a classifier that needs no model. Needs the folder `tests` on the path.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from serving_stand_in import running
from textune.serving.protocols.registry import ClientProtocol, find_protocols, protocol_names

_KEY = "a-key"
_BOUNDS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {:,} characters",
    "minItems": "{} or more",
    "maxItems": "{} at most",
}


def http_page() -> Iterator[str]:
    """Yield the lines of the reference of the HTTP API."""
    common = _description(())
    everything = _description(("all",))
    yield "# HTTP API\n"
    yield "What `textune serve` answers: the contents of its `/openapi.json`, which a server with"
    yield "`--protocols all` gave for a run named `emotion` on single texts with three labels. A server of"
    yield "yours describes its own labels and limits there. [Serve a classifier](../how-to/serve.md) says"
    yield "what the answers mean, and [Serve clients of other servers](../how-to/clients.md) has examples.\n"
    yield "If the server has keys, a request carries `Authorization: Bearer KEY`; an endpoint that needs none"
    yield "says so. Every answer has these headers:\n"
    yield from _header_lines(everything)
    yield "\n## Every server\n"
    yield from _path_lines(common, everything)
    for protocols, paths in _paths_by_protocols(set(common["paths"])).items():
        yield f"## --protocols {' or '.join(each.name for each in protocols)}\n"
        yield f"For {' and '.join(each.title for each in protocols)}.\n"
        yield from _path_lines(everything, everything, only=paths)
    yield "## Types\n"
    for name, schema in sorted(everything["components"]["schemas"].items()):
        yield from _type_lines(name, schema)


def _paths_by_protocols(common: set[str]) -> dict[tuple[ClientProtocol, ...], list[str]]:
    """Return the paths that protocols add, by all protocols that have them: some share paths."""
    having: defaultdict[str, list[ClientProtocol]] = defaultdict(list)
    for protocol in find_protocols(protocol_names()):
        if not protocol.always:
            for path in _description((protocol.name,))["paths"]:
                having[path].append(protocol)
    paths: defaultdict[tuple[ClientProtocol, ...], list[str]] = defaultdict(list)
    for path, protocols in having.items():
        if path not in common:
            paths[tuple(protocols)].append(path)
    return paths


def _description(protocols: tuple[str, ...]) -> dict[str, Any]:
    with running(keys=[_KEY], protocols=protocols, model_name="emotion") as server:
        document: dict[str, Any] = server.ask("GET", "/openapi.json").json
    return document


def _header_lines(document: Mapping[str, Any]) -> Iterator[str]:
    answer = document["paths"]["/"]["post"]["responses"]["200"]
    yield "| header | meaning |"
    yield "| --- | --- |"
    for name, header in answer["headers"].items():
        yield f"| `{name}` | {header['description']} |"


def _path_lines(
    document: Mapping[str, Any], everything: Mapping[str, Any], *, only: list[str] | None = None
) -> Iterator[str]:
    for path in only or document["paths"]:
        for method, operation in everything["paths"][path].items():
            yield f"### {method.upper()} {path}\n"
            yield f"{_sentence(operation.get('description', ''))}\n"
            for kind, content in operation.get("requestBody", {}).get("content", {}).items():
                taken = content["schema"].get("description") or _type(content["schema"])
                yield f"- Takes `{kind}`: {taken}"
            for kind, content in operation["responses"]["200"].get("content", {}).items():
                returned = _type(content.get("schema", {}))
                yield f"- Returns `{kind}`" + (f": {returned}" if returned else "")
            yield from _refusal_lines(operation["responses"])
            if "security" not in operation:
                yield "- Needs no key"
            yield ""


def _refusal_lines(responses: Mapping[str, Any]) -> Iterator[str]:
    refusals = {int(status): response for status, response in responses.items() if status != "200"}
    contents = [each for response in refusals.values() for each in response.get("content", {}).values()]
    forms = ", ".join(dict.fromkeys(_type(content["schema"]) for content in contents))
    if refusals:
        yield f"- Refuses with {', '.join(map(str, sorted(refusals)))}" + (f": {forms}" if forms else "")


def _type_lines(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    yield f"### {name}\n"
    if description := schema.get("description"):
        yield f"{_sentence(description)}\n"
    properties = schema.get("properties", {})
    if not properties:
        yield f"{_type({key: each for key, each in schema.items() if key != 'description'})}\n"
        return
    yield "| field | type | meaning |"
    yield "| --- | --- | --- |"
    for field, each in properties.items():
        needed = "" if field in schema.get("required", ()) else ", optional"
        meaning = _sentence(each.get("description", ""))
        yield f"| `{field}` | {_cell(_type(each))}{needed} | {_cell(meaning)} |"
    yield ""


def _type(schema: Mapping[str, Any]) -> str:
    """Return a schema in words, with links to the types that have a name."""
    if name := schema.get("$ref", "").rpartition("/")[2]:
        return f"[{name}](#{name.lower()})"
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return " or ".join(dict.fromkeys(_type(each) for each in schema[key]))
    if "enum" in schema:
        return " or ".join(f"`{each}`" for each in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    kind = schema.get("type", "")
    if kind == "array":
        several = schema.get("prefixItems") or [schema.get("items", {})]
        words = "list of " + " and ".join(_type(each) or "anything" for each in several)
    elif kind == "object":
        values = schema.get("additionalProperties")
        words = "object" + (f" of {_type(values)}" if isinstance(values, Mapping) and values else "")
    else:
        words = {"string": "text", "null": "null"}.get(kind, kind)
    bounds = [words_of.format(schema[key]) for key, words_of in _BOUNDS.items() if key in schema]
    return words + (f" ({', '.join(bounds)})" if bounds else "")


def _sentence(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
