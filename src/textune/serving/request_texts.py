"""The texts of a request: the forms in which single texts and pairs come, and what of them is refused.

In: the field `inputs` of a request. Out: its texts or pairs, in order. A pair is an object, as in the
pipelines of transformers. In the schema of text-embeddings-inference, it may also be a list of two texts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any, cast

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from textune.formats.text_pairs import AnyText, TextPair, characters_of
from textune.serving.limits import Limits
from textune.serving.refusals import Refusal

# This means the same in the expressions of JavaScript and of Python, unlike their \s.
_VISIBLE = {"pattern": r"[^\s\u001c-\u001f\u0085\ufeff]"}
_BLANK = re.compile(r"[\s\ufeff]*")
_MAX_FIELDS = 50
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")

TAGS = {"a text", "an object", "some texts", "some objects", "some lists", "tasks", "texts"}
TAGS |= {"a request", "a content"}
"""The names of the forms, which are not part of a place in a request."""

MESSAGES = {
    "too_long": "A list inside a batch has one text, or the two of a pair",
    "model_attributes_type": "Input should be an object with a text and, for a pair, a text_pair",
}
"""What is said of an error of this type."""

_PAIR = '{"text": ..., "text_pair": ...}'
_SINGLE_FOR_PAIRS = f"This classifier takes pairs of texts, and this is a single text. A pair is {_PAIR}."
_PAIR_FOR_SINGLES = "This classifier takes single texts, and this is a pair of texts."

ONE_INPUT = f"A text; for a classifier of pairs {_PAIR}."
INPUTS = f"A text, or a list of texts; for a classifier of pairs {_PAIR}, or a list of those."
LISTED_INPUTS = (
    "A text; or a batch as a list of texts or of lists with one text each. For a classifier of pairs, a pair "
    f"as a list of two texts or as {_PAIR}; or a batch as a list of those."
)

Text = Annotated[str, Field(json_schema_extra=_VISIBLE)]


class StrictRequest(BaseModel):
    """A part of a request, without conversions and without other fields."""

    model_config = ConfigDict(strict=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _stop_at_many_fields(cls, value: Any) -> Any:
        # As with lists: a body may hold half a million fields that do not exist.
        if isinstance(value, dict) and len(value) > _MAX_FIELDS:
            raise PydanticCustomError("many_fields", "This object has too many fields")
        return value


class TextObject(StrictRequest):
    """A text, or the two texts of a pair, by the names that they have in transformers."""

    text: Text
    text_pair: Text | None = None


def _form(value: Any) -> str | None:
    if isinstance(value, str):
        return "a text"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        kind = type(value[0]) if value else str
        return "some lists" if kind is list else "some objects" if kind is dict else "some texts"
    return None


def _one_of(what: str) -> Discriminator:
    message = f"Input should be {what}"
    return Discriminator(_form, custom_error_type="inputs", custom_error_message=message)


_OneText = Annotated[Text, Tag("a text")]
_OneObject = Annotated[TextObject, Tag("an object")]
# A body may hold two million wrong texts, and to collect what is wrong with all of them takes half a minute.
_Texts = Annotated[list[Text], Tag("some texts"), Field(min_length=1, fail_fast=True)]
_Objects = Annotated[list[TextObject], Tag("some objects"), Field(min_length=1, fail_fast=True)]
_Sides = Annotated[list[Text], Field(min_length=1, max_length=2, fail_fast=True)]
_Lists = Annotated[list[_Sides], Tag("some lists"), Field(min_length=1, fail_fast=True)]
_MANY = _one_of("a text, a pair of texts, or a list of them")

OneInput = Annotated[_OneText | _OneObject, _one_of("a text, or a pair of texts")]
"""One text or pair."""

Inputs = Annotated[_OneText | _OneObject | _Texts | _Objects, _MANY]
"""Texts or pairs in the schema of Hugging Face, and in textune's own."""

ListedInputs = Annotated[_OneText | _OneObject | _Texts | _Objects | _Lists, _MANY]
"""Texts or pairs in the schema of text-embeddings-inference."""

_One = str | TextObject | Sequence[str]


def is_batch(inputs: _One | Sequence[_One], *, listed_pairs: bool = False) -> bool:
    """Return whether a request's inputs are a batch.

    With `listed_pairs`, a list of texts is not: it is one pair, as in text-embeddings-inference.
    """
    if isinstance(inputs, str | TextObject):
        return False
    return not (listed_pairs and isinstance(inputs[0], str))


def texts_of(
    inputs: _One | Sequence[_One],
    limits: Limits,
    *,
    pairs: bool = False,
    listed_pairs: bool = False,
    place: str = "inputs",
) -> list[AnyText]:
    """Return the texts, or pairs, of a request, which has them in a place of this name.

    Raise a `Refusal` if one is blank, if they exceed the limits, or if the classifier does not take them.
    With `listed_pairs`, a list of two texts is a pair.
    """
    if not is_batch(inputs, listed_pairs=listed_pairs):
        one = cast(_One, inputs)
        if not isinstance(one, str | TextObject) and len(one) > 2:
            said = f"A list of {len(one):,} texts is not a pair. A batch of pairs is a list of lists."
            raise Refusal(422, f"{place}: {said}")
        return [_text_of(one, place, limits, pairs=pairs)]
    batch = cast(Sequence[_One], inputs)
    if len(batch) > limits.texts:
        said = f"{len(batch):,} texts exceed the limit of {limits.texts:,} per request."
        raise Refusal(413, f"{place}: {said}")
    return [_text_of(one, f"{place}[{number}]", limits, pairs=pairs) for number, one in enumerate(batch)]


def _text_of(one: _One, place: str, limits: Limits, *, pairs: bool) -> AnyText:
    sides = _sides(one)
    if (len(sides) == 2) is not pairs:
        raise Refusal(422, f"{place}: {_SINGLE_FOR_PAIRS if pairs else _PAIR_FOR_SINGLES}")
    text = TextPair(*sides.values()) if pairs else next(iter(sides.values()))
    if (length := characters_of(text)) > limits.characters:
        most = f"{limits.characters:,} per {'pair' if pairs else 'text'}"
        raise Refusal(413, f"{place}: {length:,} characters exceed the limit of {most}.")
    for inner, side in sides.items():
        if _HALF_CHARACTER.search(side):
            raise Refusal(422, f"{place}{inner}: the text contains a surrogate without its other half.")
        if _BLANK.fullmatch(side):
            raise Refusal(422, f"{place}{inner}: the text is empty.")
    return text


def is_readable(text: str) -> bool:
    """Return whether a text has something to read, and is valid Unicode."""
    return not (_BLANK.fullmatch(text) or _HALF_CHARACTER.search(text))


def _sides(one: _One) -> dict[str, str]:
    """Return a text, or both texts of a pair, by their places inside."""
    if isinstance(one, str):
        return {"": one}
    if isinstance(one, TextObject):
        named = {".text": one.text, ".text_pair": one.text_pair}
        return {place: side for place, side in named.items() if side is not None}
    return {f"[{place}]": side for place, side in enumerate(one)}
