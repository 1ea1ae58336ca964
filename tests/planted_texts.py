"""Long texts about nothing, with one telling sentence somewhere in each."""

from __future__ import annotations

import random

FILLERS = [
    "the",
    "way",
    "to",
    "work",
    "and",
    "this",
    "day",
    "is",
    "like",
    "so",
    "we",
    "look",
    "at",
    "what",
    "they",
    "do",
]
PLANTED = {
    "joy": "happy happy amazing lovely smile happy smile lovely",
    "sadness": "lonely tears pain cry lonely pain cry tears",
}
WORDS = 80


def planted_texts(count: int, *, seed: int, at_start: bool = False) -> tuple[list[str], list[str]]:
    """Return texts of 80 words around a sentence of their label, and the labels in turn."""
    chooser = random.Random(seed)
    labels = [sorted(PLANTED)[number % len(PLANTED)] for number in range(count)]
    texts = []
    for label in labels:
        words = chooser.choices(FILLERS, k=WORDS)
        place = 0 if at_start else chooser.randint(20, WORDS)
        texts.append(" ".join([*words[:place], PLANTED[label], *words[place:]]))
    return texts, labels
