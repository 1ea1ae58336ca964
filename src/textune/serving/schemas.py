"""The schemas of requests and answers, and the fault of a request in one line.

`POST /` takes Hugging Face's schema of text classification, `POST /predict` that of
text-embeddings-inference, whose names `/info` uses, too. FastAPI validates and documents requests by these
models.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal, NotRequired

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, FiniteFloat, Tag
from typing_extensions import TypedDict  # pydantic needs this one before Python 3.12.

from textune.serving.limits import Limits
from textune.serving.refusals import Refusal

# This means the same in the expressions of JavaScript and of Python, unlike their \s.
_VISIBLE = {"pattern": r"[^\s\u001c-\u001f\u0085\ufeff]"}
_BLANK = re.compile(r"[\s\ufeff]*")
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
_TAGS = {"text", "texts", "singles"}

Text = Annotated[str, Field(json_schema_extra=_VISIBLE)]


def _kind(value: Any) -> str | None:
    if isinstance(value, str):
        return "text"
    if isinstance(value, list):
        return "singles" if value and isinstance(value[0], list) else "texts"
    return None


_OneText = Annotated[Text, Tag("text")]
_Texts = Annotated[list[Text], Tag("texts"), Field(min_length=1)]
_Singles = Annotated[
    list[Annotated[list[Text], Field(min_length=1, max_length=1)]], Tag("singles"), Field(min_length=1)
]
_CHOICE = Discriminator(
    _kind, custom_error_type="inputs", custom_error_message="Input should be a text or a list of texts"
)


def _whole(value: Any) -> Any:
    # JSON Schema counts 2.0 among the integers.
    return int(value) if isinstance(value, float) and value.is_integer() else value


class _Request(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class ClassifyParameters(_Request):
    """The options of Hugging Face's schema."""

    top_k: Annotated[int, Field(ge=1), BeforeValidator(_whole)] | None = Field(
        None, description="How many of the most probable labels to return."
    )
    function_to_apply: Literal["softmax", "sigmoid", "none"] | None = Field(
        None,
        description="From logits to scores. The default gives probabilities: softmax, or sigmoid if a text "
        "can have several labels.",
    )


class ClassifyRequest(_Request):
    """A request in Hugging Face's schema of text classification."""

    inputs: Annotated[_OneText | _Texts, _CHOICE] = Field(description="A text, or a list of texts.")
    parameters: ClassifyParameters | None = None
    options: dict[str, Any] | None = Field(
        None, description="Accepted, as Hugging Face's older clients send it, and ignored."
    )


class PredictRequest(_Request):
    """A request in text-embeddings-inference's schema of `/predict`."""

    inputs: Annotated[_OneText | _Texts | _Singles, _CHOICE] = Field(
        description="A text; or a batch as a list of texts or of lists with one text each."
    )
    raw_scores: bool = Field(False, description="Give logits instead of probabilities.")
    truncate: bool | None = Field(
        None, description="Truncate texts that are too long for the model (the default); false: refuse them."
    )
    truncation_direction: Literal["right", "Right", "left", "Left"] = Field(
        "right", description="Texts are truncated on the right; 'left' is refused if a text is too long."
    )


class LabelsRequest(_Request):
    """Texts that are to be labelled."""

    inputs: Annotated[_OneText | _Texts, _CHOICE] = Field(description="A text, or a list of texts.")


class ExplainRequest(_Request):
    """A text whose words are to be weighed."""

    inputs: Text
    label: str | None = Field(
        None,
        description="The label to weigh for; by default the most probable one, or all labels of a text that "
        "can have several.",
    )


class Score(TypedDict):
    """A label and its score; where a text gets no label, the first entry says so."""

    label: Annotated[str | None, Field(description="null if its probability is below the threshold.")]
    score: FiniteFloat
    abstained: NotRequired[Annotated[bool, Field(description="Whether the label is withheld.")]]


class LabelAnswer(TypedDict):
    """The label of a text."""

    label: Annotated[str | None, Field(description="null if its probability is below the threshold.")]
    score: Annotated[FiniteFloat, Field(description="The highest probability.")]
    scores: Annotated[dict[str, FiniteFloat], Field(description="The probabilities of all labels.")]
    truncated: Annotated[bool, Field(description="Whether the text is longer than the model reads.")]
    abstained: NotRequired[Annotated[bool, Field(description="Whether the label is withheld.")]]


class LabelsAnswer(TypedDict):
    """The labels of a text that can have several."""

    labels: Annotated[list[str], Field(description="Those that reach their thresholds, perhaps none.")]
    scores: Annotated[dict[str, FiniteFloat], Field(description="The probabilities of all labels.")]
    truncated: Annotated[bool, Field(description="Whether the text is longer than the model reads.")]


class Part(BaseModel):
    """A word, or a few neighbouring words, of an explained text."""

    start: int = Field(description="Its first character in the text, from 0.")
    end: int = Field(description="The character after its last.")
    weight: FiniteFloat = Field(
        description="The label's probability, minus the probability without this part."
    )


class ExplainAnswer(BaseModel):
    """What every part of a text contributes to a label."""

    label: str
    score: FiniteFloat
    parts: list[Part]
    truncated: bool = Field(description="Whether the text is longer than the model reads.")


class LabelExplanation(BaseModel):
    """What every part of a text contributes to another of its labels."""

    label: str
    score: FiniteFloat
    parts: list[Part]


class ExplainLabelsAnswer(ExplainAnswer):
    """What every part contributes to the labels of a text that can have several, the most probable first."""

    others: list[LabelExplanation] = Field(description="The text's other labels; empty if one was asked for.")


class StatusAnswer(BaseModel):
    """The state of the server."""

    status: str


class InfoAnswer(BaseModel):
    """The model, its metrics, and the server's limits."""

    model_config = ConfigDict(protected_namespaces=())

    model_id: str = Field(description="The pretrained model's name.")
    model_sha: str = Field(description="A SHA-256 over the served classifier's files.")
    model_dtype: str
    model_type: dict[str, dict[str, dict[str, Any]]]
    run: str
    runtime: str
    workers: int
    abstains_below: float | None = Field(
        description="The top probability below which a text gets no label; null: none gets one."
    )
    problem_type: str = Field(
        description="single_label_classification, or multi_label_classification if a text can have several "
        "labels."
    )
    thresholds: dict[str, float] | None = Field(
        description="The probability from which a text gets each label, if it can have several."
    )
    max_input_length: int = Field(description="Tokens that the model reads at once.")
    long_texts: Literal["cut", "windows"] = Field(
        description="Whether longer texts are truncated, or read in windows."
    )
    auto_truncate: bool = True
    max_client_batch_size: int
    max_characters: int
    max_body_bytes: int
    max_queued_texts: int
    timeout_seconds: float
    version: str
    metrics: list[dict[str, str]] = Field(description="Each metric's key, title, unit and direction.")
    baselines: dict[str, str] = Field(description="The titles of the baselines, by key.")
    figures: dict[str, Any] = Field(description="The metrics in the run's metrics.json.")


class ErrorAnswer(BaseModel):
    """Why there is no answer."""

    error: str
    error_type: str


def texts_of(inputs: str | Sequence[str] | Sequence[Sequence[str]], limits: Limits) -> list[str]:
    """Return the texts of a request; raise a `Refusal` if one is blank, or if they exceed the limits."""
    if isinstance(inputs, str):
        return [_checked(inputs, "inputs", limits)]
    if len(inputs) > limits.texts:
        message = f"inputs: {len(inputs):,} texts exceed the limit of {limits.texts:,} per request."
        raise Refusal(413, message)
    flat = [one if isinstance(one, str) else one[0] for one in inputs]
    return [_checked(text, f"inputs[{number}]", limits) for number, text in enumerate(flat)]


def _checked(text: str, place: str, limits: Limits) -> str:
    if len(text) > limits.characters:
        raise Refusal(
            413, f"{place}: {len(text):,} characters exceed the limit of {limits.characters:,} per text."
        )
    if _HALF_CHARACTER.search(text):
        raise Refusal(422, f"{place}: the text contains a surrogate without its other half.")
    if _BLANK.fullmatch(text):
        raise Refusal(422, f"{place}: the text is empty.")
    return text


def first_error(errors: Sequence[Any]) -> str:
    """Return the first of FastAPI's errors of a request, and where it is: one line that quotes no text."""
    first = errors[0]
    if first["type"] == "json_invalid":
        return f"Invalid JSON: {first['ctx']['error']} at character {first['loc'][-1]}."
    # A place begins with `body`.
    parts = [part for part in first["loc"][1:] if part not in _TAGS]
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    message = " ".join(first["msg"].split())
    if first["type"] == "extra_forbidden":
        message = "This field does not exist"
    if first["type"] == "too_long":
        message = "A pair of texts cannot be classified; a batch is a list of texts or of lists with one each"
    more = f" ({len(errors)} faults in total)" if len(errors) > 1 else ""
    start = f"{place[1:]}: " if place else ""
    return f"{start}{message}.{more}"
