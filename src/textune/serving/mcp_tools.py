"""The tools of a classifier in the Model Context Protocol, which assistants and agents call.

In: a service. Out: an MCP server of the official SDK with four tools: `classify`, `explain`, `labels` and
`metrics`. Texts take the same way through the queue as those of HTTP requests. Does not know the transport.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Annotated, Any, NotRequired

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations
from pydantic import Field, FiniteFloat
from typing_extensions import TypedDict

from textune.evaluation.metrics import metrics_of
from textune.formats.text_pairs import AnyText, TextPair, sides_of, text_fields
from textune.serving.answers import decisions_of
from textune.serving.explaining import explain_text
from textune.serving.records import Record
from textune.serving.refusals import Refusal
from textune.serving.request_texts import TextObject, texts_of
from textune.serving.schemas import Part
from textune.serving.service import Service

_USUAL_SCORES = 5
_HELD_OUT = ("test", "validation")
"""The splits whose metrics say how good a classifier is, the better one first."""

_READ_ONLY = ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False)

_NONE = "null: the text gets no label, because it is uncertain (abstained) or belongs to no class (other)."


class ClassifiedText(TypedDict):
    """What a text is."""

    label: NotRequired[Annotated[str | None, Field(description=_NONE)]]
    labels: NotRequired[
        Annotated[list[str], Field(description="The labels of a text that can have several.")]
    ]
    score: NotRequired[Annotated[FiniteFloat, Field(description="The highest probability.")]]
    scores: Annotated[dict[str, FiniteFloat], Field(description="The most probable labels, by probability.")]
    truncated: Annotated[bool, Field(description="Whether the text is longer than the model reads.")]
    abstained: NotRequired[bool]
    other: NotRequired[bool]


class ClassifiedTexts(TypedDict):
    """What texts are, in their order."""

    results: list[ClassifiedText]


class WeighedWord(TypedDict):
    """A word, or a few neighbouring words, and how much less probable the label is without it."""

    word: str
    start: int
    end: int
    weight: FiniteFloat


class WeighedLabel(TypedDict):
    """The words that carried a label."""

    label: str
    score: FiniteFloat
    words: list[WeighedWord]
    words_pair: NotRequired[
        Annotated[list[WeighedWord], Field(description="Of a pair: those of its second text.")]
    ]


class WeighedText(WeighedLabel):
    """The words that carried a decision."""

    truncated: bool
    other: NotRequired[bool]
    others: NotRequired[Annotated[list[WeighedLabel], Field(description="The text's other labels.")]]


class LabelsOverview(TypedDict):
    """The labels of a classifier, and when it gives them."""

    labels: list[str]
    several_labels_per_text: bool
    pairs_of_texts: bool
    abstains_below: Annotated[float | None, Field(description="The probability below which it gives none.")]
    thresholds: Annotated[
        dict[str, float] | None, Field(description="The probability from which a text gets each label.")
    ]
    may_be_other: Annotated[bool, Field(description="Whether it tells texts apart that belong to no class.")]


class MetricValue(TypedDict):
    """A metric with its 95 % confidence interval."""

    title: str
    value: FiniteFloat
    interval: Annotated[list[FiniteFloat] | None, Field(description="95 %; null if it has none.")]
    direction: Annotated[str, Field(description="Whether higher or lower is better.")]


class MeasuredMetrics(TypedDict):
    """How good a classifier was on texts that it had not learned from."""

    split: str
    examples: int
    metrics: dict[str, MetricValue]
    per_label: dict[str, dict[str, float]]


class PairOfTexts(TypedDict):
    """Two texts that are classified together."""

    text: str
    text_pair: str


_Text = Annotated[str, Field(description="A text.")]
_Top = Annotated[int, Field(ge=1, description="How many of the most probable labels to give scores of.")]
_Label = Annotated[str | None, Field(description="The label to explain; by default the one that is given.")]


def build_mcp_server(service: Service) -> MCPServer[Any]:
    """Return a server whose tools ask the service; whoever runs its event loop starts the service's queue."""
    predictor = service.served.predictor
    kind = "pairs of texts" if predictor.pairs else "texts"
    server: MCPServer[Any] = MCPServer(
        "textune",
        title=f"textune: {service.model_name}",
        instructions=f"Classifies {kind} as one of: {', '.join(predictor.label_names)}. Probabilities are "
        "calibrated. A label that is null is withheld on purpose: do not guess it.",
        version=version("textune"),
        # The log of the service has a line per call, and no texts.
        log_level="ERROR",
    )
    tools = McpTools(service)
    named = {
        "classify": tools.classify_pairs if predictor.pairs else tools.classify_texts,
        "explain": tools.explain_pair if predictor.pairs else tools.explain_single,
        "labels": tools.labels,
        "metrics": tools.metrics,
    }
    for name, tool in named.items():
        server.add_tool(tool, name=name, annotations=_READ_ONLY)
    return server


class McpTools:
    """The tools of a service; the docstring of each is what an assistant reads."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def classify_texts(
        self, texts: Annotated[list[_Text], Field(min_length=1, fail_fast=True)], top_k: _Top = _USUAL_SCORES
    ) -> ClassifiedTexts:
        """Classify texts: the label of each and the calibrated probabilities of its most probable labels."""
        return await self._classify(texts, top_k)

    async def classify_pairs(
        self,
        pairs: Annotated[list[PairOfTexts], Field(min_length=1, fail_fast=True)],
        top_k: _Top = _USUAL_SCORES,
    ) -> ClassifiedTexts:
        """Classify pairs of texts: the label of each and the probabilities of its most probable labels."""
        return await self._classify([TextPair(each["text"], each["text_pair"]) for each in pairs], top_k)

    async def explain_single(self, text: _Text, label: _Label = None) -> WeighedText:
        """Say which words of a text carried the decision: what the label loses without each of them."""
        return await self._explain(text, label)

    async def explain_pair(self, text: _Text, text_pair: _Text, label: _Label = None) -> WeighedText:
        """Say which words of a pair carried the decision: what the label loses without each of them."""
        return await self._explain(TextPair(text, text_pair), label)

    async def labels(self) -> LabelsOverview:
        """List the labels that the classifier knows, and when it withholds one."""
        predictor = self._service.served.predictor
        names, thresholds = predictor.label_names, predictor.thresholds
        return {
            "labels": list(names),
            "several_labels_per_text": predictor.kind.is_multi_label,
            "pairs_of_texts": predictor.pairs,
            "abstains_below": predictor.threshold if predictor.threshold <= 1 else None,
            "thresholds": None if thresholds is None else dict(zip(names, thresholds.tolist(), strict=True)),
            "may_be_other": predictor.outside is not None,
        }

    async def metrics(self) -> MeasuredMetrics:
        """Say how good the classifier was on texts that it had not learned from, with intervals."""
        served = self._service.served
        by_split: Mapping[str, Any] = served.metrics.get("metrics", {})
        split = next((name for name in _HELD_OUT if name in by_split), None)
        if split is None:
            raise ToolError("There are no metrics: the run has none, or an export is served without its run.")
        measured = by_split[split]
        return {
            "split": split,
            "examples": measured.get("examples", 0),
            "metrics": {
                row.key: {
                    "title": row.title,
                    "value": measured[row.key],
                    "interval": measured.get(f"{row.key}_ci95"),
                    "direction": row.direction,
                }
                for row in metrics_of(served.predictor.kind.problem_type).values()
                if isinstance(measured.get(row.key), int | float)
            },
            "per_label": {
                label: {key: value for key, value in values.items() if isinstance(value, int | float)}
                for label, values in measured.get("per_class", {}).items()
            },
        }

    async def _classify(self, texts: Sequence[AnyText], top_k: int) -> ClassifiedTexts:
        async with _Call("classify", self._service) as call:
            checked = call.checked(texts, "texts")
            logits, truncated = await self._service.logits(checked, call.record)
            decisions = decisions_of(logits, truncated, self._service.served.predictor)
            return {"results": [_first_scores(decision, top_k) for decision in decisions]}

    async def _explain(self, text: AnyText, label: str | None) -> WeighedText:
        async with _Call("explain", self._service) as call:
            [checked] = call.checked([text], "text")
            answer = await explain_text(self._service, checked, call.record, label=label)
            label_weighed = _weighed(answer, checked)
            weighed: WeighedText = {**label_weighed, "truncated": answer["truncated"]}  # type: ignore[typeddict-item]
            if "other" in answer:
                weighed["other"] = answer["other"]
            if "others" in answer:
                weighed["others"] = [_weighed(each, checked) for each in answer["others"]]
            return weighed


class _Call:
    """A call of a tool: its record, and its refusal as an error of the tool."""

    def __init__(self, name: str, service: Service) -> None:
        self._service = service
        self.record = Record(uuid.uuid4().hex, f"mcp:{name}", "call", time.perf_counter())
        self._deadline = asyncio.timeout(service.limits.timeout_seconds)

    async def __aenter__(self) -> _Call:
        await self._deadline.__aenter__()
        return self

    async def __aexit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        try:
            await self._deadline.__aexit__(kind, error, trace)
        except TimeoutError:
            seconds = self._service.limits.timeout_seconds
            error = Refusal(504, f"There was no answer within {seconds:g} seconds.")
        self.record.status = getattr(error, "status_code", 500 if error else 200)
        self._service.metrics.count_request(self.record)
        self._service.log.write("request", **self.record.log_fields())
        if isinstance(error, Refusal):
            raise ToolError(error.detail) from None

    def checked(self, texts: Sequence[AnyText], place: str) -> list[AnyText]:
        """Return texts, or raise a `Refusal` if one is empty, or exceeds the limits."""
        forms = [text if isinstance(text, str) else TextObject(**text_fields(text)) for text in texts]
        pairs = self._service.served.predictor.pairs
        return texts_of(forms, self._service.limits, pairs=pairs, place=place)


def _first_scores(decision: Mapping[str, Any], top_k: int) -> ClassifiedText:
    ranked = sorted(decision["scores"].items(), key=lambda entry: -entry[1])[:top_k]
    classified: Any = {**decision, "scores": dict(ranked)}
    return classified  # type: ignore[no-any-return]


def _weighed(answer: Mapping[str, Any], text: AnyText) -> WeighedLabel:
    first, *second = sides_of(text)
    weighed: WeighedLabel = {
        "label": answer["label"],
        "score": answer["score"],
        "words": _words(answer["parts"], first),
    }
    if second:
        weighed["words_pair"] = _words(answer["parts_pair"], second[0])
    return weighed


def _words(parts: Sequence[Part], text: str) -> list[WeighedWord]:
    return [
        {"word": text[part.start : part.end], "start": part.start, "end": part.end, "weight": part.weight}
        for part in parts
    ]
