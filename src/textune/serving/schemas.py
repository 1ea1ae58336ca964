"""What requests and answers look like, and what is wrong with a request in one line.

In: the bytes of a body. Out: a checked request, or a `Refusal` that names the field. `POST /` takes Hugging
Face's schema of text classification, `POST /predict` that of text-embeddings-inference. Does not know the
model.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, ValidationError

from textune.serving.limits import Limits
from textune.serving.refusals import invalid, too_large

# In JavaScript's and in Python's expressions this means the same, where their \s does not.
_VISIBLE = {"pattern": r"[^\s\u001c-\u001f\u0085\ufeff]"}
_BLANK = re.compile(r"[\s\ufeff]*")
_TAGS = {"text", "texts", "singles"}

Asked = TypeVar("Asked", bound="_Request")
Text = Annotated[str, Field(json_schema_extra=_VISIBLE)]


def _kind(value: Any) -> str | None:
    if isinstance(value, str):
        return "text"
    if isinstance(value, list):
        return "singles" if value and isinstance(value[0], list) else "texts"
    return None


def _kind_of_two(value: Any) -> str | None:
    kind = _kind(value)
    return "texts" if kind == "singles" else kind


_OneText = Annotated[Text, Tag("text")]
_Texts = Annotated[list[Text], Tag("texts"), Field(min_length=1)]
_Singles = Annotated[
    list[Annotated[list[Text], Field(min_length=1, max_length=1)]], Tag("singles"), Field(min_length=1)
]


def _choice(kind: Any) -> Discriminator:
    return Discriminator(
        kind,
        custom_error_type="inputs",
        custom_error_message="Input should be a text or a list of texts",
    )


def _whole(value: Any) -> Any:
    # JSON Schema counts 2.0 among the integers.
    return int(value) if isinstance(value, float) and value.is_integer() else value


class _Request(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class ClassifyParameters(_Request):
    """What a client of Hugging Face's schema may ask for."""

    top_k: Annotated[int, Field(ge=1), BeforeValidator(_whole)] | None = Field(
        None, description="Only the most probable labels."
    )
    function_to_apply: Literal["softmax", "sigmoid", "none"] | None = Field(
        None, description="From logits to scores; softmax by default, whose scores are the probabilities."
    )


class ClassifyRequest(_Request):
    """A request in Hugging Face's schema of text classification."""

    inputs: Annotated[_OneText | _Texts, _choice(_kind_of_two)] = Field(
        description="A text, or a list of texts."
    )
    parameters: ClassifyParameters | None = None
    options: dict[str, Any] | None = Field(
        None, description="Taken from older clients of Hugging Face's, and ignored."
    )


class PredictRequest(_Request):
    """A request in text-embeddings-inference's schema of `/predict`."""

    inputs: Annotated[_OneText | _Texts | _Singles, _choice(_kind)] = Field(
        description="A text; or a batch, as a list of texts or of lists with one text each."
    )
    raw_scores: bool = Field(False, description="Give logits instead of probabilities.")
    truncate: bool | None = Field(
        None, description="Cut texts that are too long for the model, as by default; if false, refuse them."
    )
    truncation_direction: Literal["right", "Right", "left", "Left"] = Field(
        "right", description="Texts are cut at their right end; 'left' is refused where one would be cut."
    )


class ExplainRequest(_Request):
    """A text whose words are to be weighed."""

    inputs: Text
    label: str | None = Field(None, description="The label to weigh for; by default the most probable one.")


class Score(BaseModel):
    """A label and its score; of a text that gets no label, the first entry says so."""

    label: str | None = Field(description="None where the classifier is not sure enough to give one.")
    score: float
    abstained: bool = Field(False, description="Whether a label is withheld.")


class Part(BaseModel):
    """A word, or a few, of an explained text."""

    start: int = Field(description="Its first character in the text, from 0.")
    end: int = Field(description="The character after its last.")
    weight: float = Field(description="The label's probability, less that without this part.")


class ExplainAnswer(BaseModel):
    """What every part of a text does for a label."""

    label: str
    score: float
    parts: list[Part]


class ErrorAnswer(BaseModel):
    """Why there is no answer."""

    error: str
    error_type: str


def read_request(kind: type[Asked], body: bytes) -> Asked:
    """Return the request that a body holds.

    Raises:
        Refusal: It is no JSON, or not of this kind; the first fault is named.
    """
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        raise invalid(_line(error)) from None


def texts_of(inputs: str | Sequence[str] | Sequence[Sequence[str]], limits: Limits) -> list[str]:
    """Return the texts of a request, once they are known to be within the limits.

    Raises:
        Refusal: There are too many, one is too long, or one has nothing to classify.
    """
    if isinstance(inputs, str):
        return [_checked(inputs, "inputs", limits)]
    if len(inputs) > limits.texts:
        raise too_large(f"inputs: {len(inputs):,} texts are more than the {limits.texts:,} of one request.")
    flat = [one if isinstance(one, str) else one[0] for one in inputs]
    return [_checked(text, f"inputs[{number}]", limits) for number, text in enumerate(flat)]


def _checked(text: str, place: str, limits: Limits) -> str:
    if len(text) > limits.characters:
        raise too_large(
            f"{place}: {len(text):,} characters are more than the {limits.characters:,} of one text."
        )
    if _BLANK.fullmatch(text):
        raise invalid(f"{place}: there is nothing to classify in an empty text.")
    return text


def _line(error: ValidationError) -> str:
    """Return the first fault and its place, in one line that holds nothing of the request's values."""
    faults = error.errors(include_url=False, include_input=False, include_context=False)
    first = faults[0]
    place = ""
    for part in first["loc"]:
        if part not in _TAGS:
            place += f"[{part}]" if isinstance(part, int) else f".{part}"
    message = " ".join(first["msg"].split())
    if first["type"] == "extra_forbidden":
        message = "There is no such field"
    if first["type"] == "too_long":
        message = (
            "A pair of texts cannot be classified; a batch is a list of texts, or of lists with one each"
        )
    more = f" ({len(faults)} faults in all)" if len(faults) > 1 else ""
    start = f"{place[1:]}: " if place else ""
    return f"{start}{message}.{more}"
