"""The schemas of requests and answers, and the fault of a request in one line.

`POST /` takes Hugging Face's schema of text classification, `POST /predict` that of
text-embeddings-inference, whose names `/info` uses, too. FastAPI validates and documents requests by these
models.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, NotRequired

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, FiniteFloat
from typing_extensions import TypedDict  # pydantic needs this one before Python 3.12.

from textune.serving.request_texts import (
    INPUTS,
    LISTED_INPUTS,
    MESSAGES,
    ONE_INPUT,
    TAGS,
    Inputs,
    ListedInputs,
    OneInput,
    StrictRequest,
)


def _whole(value: Any) -> Any:
    # JSON Schema counts 2.0 among the integers.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _lower(value: Any) -> Any:
    # text-embeddings-inference takes Left as well. In the schema, it would break generated clients, whose
    # names for the values of an enumeration differ by more than case.
    return value.lower() if value in ("Right", "Left") else value


class ClassifyParameters(StrictRequest):
    """The options of Hugging Face's schema."""

    top_k: Annotated[int, Field(ge=1), BeforeValidator(_whole)] | None = Field(
        None, description="How many of the most probable labels to return."
    )
    function_to_apply: Literal["softmax", "sigmoid", "none"] | None = Field(
        None,
        description="From logits to scores. The default gives probabilities: softmax, or sigmoid if a text "
        "can have several labels.",
    )


class ClassifyRequest(StrictRequest):
    """A request in Hugging Face's schema of text classification."""

    inputs: Inputs = Field(description=INPUTS)
    parameters: ClassifyParameters | None = None
    options: dict[str, Any] | None = Field(
        None, description="Accepted, as Hugging Face's older clients send it, and ignored."
    )


class PredictRequest(StrictRequest):
    """A request in text-embeddings-inference's schema of `/predict`."""

    inputs: ListedInputs = Field(description=LISTED_INPUTS)
    raw_scores: bool = Field(False, description="Give logits instead of probabilities.")
    truncate: bool | None = Field(
        None, description="Truncate texts that are too long for the model (the default); false: refuse them."
    )
    truncation_direction: Annotated[Literal["right", "left"], BeforeValidator(_lower)] = Field(
        "right", description="Texts are truncated on the right; 'left' is refused if a text is too long."
    )


class LabelsRequest(StrictRequest):
    """Texts that are to be labelled."""

    inputs: Inputs = Field(description=INPUTS)


class ExplainRequest(StrictRequest):
    """A text, or a pair of texts, whose words are to be weighed."""

    inputs: OneInput = Field(description=ONE_INPUT)
    label: str | None = Field(
        None,
        description="The label to weigh for; by default the most probable one, or all labels of a text that "
        "can have several.",
    )


_NO_LABEL = "null if its probability is below the threshold, or the text belongs to none of the classes."
_OTHER = "Whether the text belongs to none of the classes; only if the classifier tells such texts apart."


class Score(TypedDict):
    """A label and its score; where a text gets no label, the first entry says so."""

    label: Annotated[str | None, Field(description=_NO_LABEL)]
    score: FiniteFloat
    abstained: NotRequired[Annotated[bool, Field(description="Whether the label is withheld.")]]
    other: NotRequired[Annotated[bool, Field(description=_OTHER)]]


class LabelAnswer(TypedDict):
    """The label of a text."""

    label: Annotated[str | None, Field(description=_NO_LABEL)]
    score: Annotated[FiniteFloat, Field(description="The highest probability.")]
    scores: Annotated[dict[str, FiniteFloat], Field(description="The probabilities of all labels.")]
    truncated: Annotated[bool, Field(description="Whether the text is longer than the model reads.")]
    abstained: NotRequired[Annotated[bool, Field(description="Whether the label is withheld.")]]
    other: NotRequired[Annotated[bool, Field(description=_OTHER)]]


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


class LabelExplanation(TypedDict):
    """What every part of a text contributes to one of its labels."""

    label: str
    score: FiniteFloat
    parts: list[Part]
    parts_pair: NotRequired[Annotated[list[Part], Field(description="Of a pair: those of its second text.")]]


class ExplainAnswer(LabelExplanation):
    """What every part of a text contributes to its label, or to the most probable one of several."""

    truncated: Annotated[bool, Field(description="Whether the text is longer than the model reads.")]
    others: NotRequired[
        Annotated[
            list[LabelExplanation],
            Field(description="The text's other labels, if it can have several; empty if one was asked for."),
        ]
    ]
    other: NotRequired[Annotated[bool, Field(description=_OTHER)]]


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
    may_be_other: bool = Field(description="Whether texts are told apart that belong to none of the classes.")
    pairs: bool = Field(description="Whether pairs of texts are classified, rather than single texts.")
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


def first_error(errors: Sequence[Any]) -> str:
    """Return the first of FastAPI's errors of a request, and where it is: one line that quotes no text."""
    first = errors[0]
    if first["type"] == "json_invalid":
        return f"Invalid JSON: {first['ctx']['error']} at character {first['loc'][-1]}."
    # A place begins with `body`.
    parts = [part for part in first["loc"][1:] if part not in TAGS]
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    message = " ".join(first["msg"].split())
    if first["type"] == "extra_forbidden":
        message = "This field does not exist"
    message = MESSAGES.get(first["type"], message)
    more = f" ({len(errors)} faults in total)" if len(errors) > 1 else ""
    start = f"{place[1:]}: " if place else ""
    return f"{start}{message}.{more}"
