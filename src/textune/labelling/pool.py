"""The pool: the texts to choose from, each once, in an order that is as good as drawn at random.

In: texts, perhaps labelled in part. Out: a `Pool`, and its file in the folder of the labelling. A text's key
is a hash of what its copies have in common. The seed and the key alone decide a text's place in the order,
and whether it is kept for testing: the same on any computer, and for a pool that has grown. Does not know
answers or features.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from textune.data.labelling_folder import POOL_NAME
from textune.data.splits import copy_key
from textune.errors import DataError
from textune.files import atomic_path
from textune.formats.text_pairs import AnyText, as_text, sides_of
from textune.formats.text_pairs import has_pairs as any_pairs
from textune.wording import counted

TEST_SHARE = 0.25
"""The share of the texts that are kept for testing."""
_LARGEST = 2**64


@dataclass(frozen=True, eq=False)
class Pool:
    """Texts in random order, each once; `keys` (texts,) name them, and `is_test` (texts,) keeps some apart.

    The texts for testing are a random sample of the pool, and so are the first n of them.
    """

    texts: Sequence[AnyText]
    keys: Sequence[str]
    is_test: NDArray[np.bool_]

    @classmethod
    def of(cls, texts: Sequence[AnyText], *, seed: int) -> Pool:
        """Return the pool of some texts; empty ones and copies are left out."""
        own = {key_of(text): text for text in reversed(texts) if any(side.strip() for side in sides_of(text))}
        places = {key: _places(key, seed) for key in own}
        keys = sorted(own, key=lambda key: places[key][0])
        is_test = np.array([places[key][1] < TEST_SHARE * _LARGEST for key in keys], dtype=bool)
        return cls([own[key] for key in keys], keys, is_test)

    def __len__(self) -> int:
        return len(self.texts)

    @cached_property
    def number_of(self) -> dict[str, int]:
        """The number of every text by its key."""
        return {key: number for number, key in enumerate(self.keys)}

    @cached_property
    def has_pairs(self) -> bool:
        """Whether the texts are pairs."""
        return any_pairs(self.texts[:1])


def key_of(text: AnyText) -> str:
    """Return the key of a text, which its copies share.

    Example:
        >>> key_of("So  HAPPY") == key_of("so happy"), len(key_of("so happy"))
        (True, 24)
    """
    return hashlib.sha256(copy_key(text).encode()).hexdigest()[:24]


def check_pool(pool: Pool, origin: str, *, fewest: int = 20) -> None:
    """Raise a `DataError` if there are too few texts to choose from, or texts and pairs are mixed."""
    if len(pool) < fewest:
        raise DataError(
            f"{origin} has {counted(len(pool), 'distinct text')}, too few to choose from.",
            f"Give at least {fewest}.",
        )
    if len({isinstance(text, str) for text in pool.texts}) > 1:
        raise DataError(f"{origin} has single texts and pairs.", "Give texts of one kind.")


def write_pool(pool: Pool, folder: Path) -> None:
    """Write the texts of a pool, a line each, whole or not at all."""
    with atomic_path(folder / POOL_NAME) as temporary, temporary.open("w", encoding="utf-8") as file:
        for text in pool.texts:
            file.write(json.dumps({"text": text}, ensure_ascii=False) + "\n")


def read_pool_texts(folder: Path) -> list[AnyText]:
    """Return the texts that were written; a `DataError` says that they cannot be read."""
    path = folder / POOL_NAME
    try:
        lines = path.read_text(encoding="utf-8").split("\n")[:-1]
        return [as_text(json.loads(line)["text"]) for line in lines]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{path}, which holds the texts of the labelling, cannot be read.",
            "Name the source of the texts again; the answers are in the journal, and stay.",
        ) from error


def _places(key: str, seed: int) -> tuple[int, int]:
    """Return two independent numbers below 2**64 for a text."""
    digest = hashlib.sha256(f"{seed} {key}".encode()).digest()
    return int.from_bytes(digest[:8], "big"), int.from_bytes(digest[8:16], "big")
