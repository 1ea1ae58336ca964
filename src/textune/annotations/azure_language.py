"""Azure AI Language: a project's JSON, whose documents are text files beside it.

Structure: Microsoft Learn, "Accepted data formats" of custom text classification.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from textune.annotations.consensus import UNANSWERED
from textune.annotations.registry import Answer, ExportItem, Tool, labels_in, register_tools
from textune.errors import DataError
from textune.formats.lines import decode_lines, open_data_file, without_end
from textune.wording import first_line

_SIGN = re.compile(rb'"project(FileVersion|Kind)"\s*:')


def _is_file(path: Path, head: bytes) -> bool:
    return head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{") and bool(_SIGN.search(head))


def _read_file(path: Path) -> Iterator[ExportItem]:
    try:
        with open_data_file(path) as file:
            project = json.loads("".join(decode_lines(file, str(path))))
        assets = project["assets"]
        kind = project.get("metadata", {}).get("projectKind") or assets.get("projectKind", "")
        if "Classification" not in kind:
            raise ValueError(f"its kind is '{kind}', not a classification of texts")
        for number, document in enumerate(assets["documents"], start=1):
            yield _read_document(path, number, document)
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        reason = f"it has no {error}" if isinstance(error, KeyError) else first_line(error)
        raise DataError(
            f"{path} is a project of Azure AI Language, but cannot be read: {reason}.",
            "Export the project again; textune reads custom text classification.",
        ) from error


def _read_document(path: Path, number: int, document: Any) -> ExportItem:
    location = PurePosixPath(document["location"])
    file = path.parent / location
    if location.is_absolute() or ".." in location.parts:
        raise ValueError(f"document {number} is not in the project's folder: {str(location)[:200]}")
    if not os.path.isfile(file):  # noqa: PTH113 - Path.is_file raises on names that are too long.
        raise DataError(
            f"{path}, document {number}: its text should be in {str(file)[:200]}, but there is no such file.",
            "Copy the project's texts from its storage container into the folder of the JSON file.",
        )
    with open_data_file(file) as stream:
        text = without_end("".join(decode_lines(stream, str(file))))
    classes = document.get("classes") or ([document["class"]] if document.get("class") else [])
    labels = labels_in([each["category"] for each in classes])
    answer = Answer(labels) if labels else Answer(verdict=UNANSWERED, has_none="unclear")
    return ExportItem(number, {"text": text}, {"class": [answer]}, split=str(document.get("dataset") or ""))


register_tools(Tool("Azure AI Language", "document", is_file=_is_file, read_file=_read_file, unit="document"))
