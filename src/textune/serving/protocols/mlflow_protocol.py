"""MLflow's protocol of scoring servers: `POST /invocations` with a table, or what becomes one.

JSON has one of the four keys of MLflow 2 and 3; CSV has a header. The texts are in the column `text`, or in
the only one. A prediction is a flat record, as the rows of `textune predict --output x.csv` are. Schema:
`scoring_server/__init__.py` of mlflow-skinny 3.17.2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from importlib.metadata import version
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, PlainTextResponse, Response

from textune.formats.text_pairs import AnyText, fields_of_texts
from textune.serving.answers import decisions_of
from textune.serving.protocols.body_tables import is_header, rows_of_csv, table_of_parquet, texts_of_rows
from textune.serving.protocols.endpoints import JSON, Asked, Endpoints, off_loop
from textune.serving.protocols.registry import ClientProtocol, Invocation, register_protocol
from textune.serving.refusals import Refusal
from textune.serving.request_texts import StrictRequest
from textune.serving.service import Service

_CSV, _PARQUET = "text/csv", "application/vnd.apache.parquet"
_OTHER_PARQUET = "application/x-parquet"
_KEYS = ("dataframe_split", "dataframe_records", "instances", "inputs")
_ITS_OWN = frozenset({*_KEYS, "params"} - {"inputs"})
"""The names by which a body is MLflow's, and not SageMaker's, which has inputs as well."""

_CODES = {400: "BAD_REQUEST", 401: "UNAUTHENTICATED", 404: "ENDPOINT_NOT_FOUND", 408: "REQUEST_TIMEOUT"}
_CODES |= {413: "REQUEST_LIMIT_EXCEEDED", 415: "BAD_REQUEST", 429: "RESOURCE_EXHAUSTED"}
_CODES |= {500: "INTERNAL_ERROR", 503: "TEMPORARILY_UNAVAILABLE", 504: "DEADLINE_EXCEEDED"}

Table = tuple[Sequence[Any] | None, Sequence[Sequence[Any]]]
"""The names of columns, if they have any, and rows."""


class SplitTable(StrictRequest):
    """A table as pandas' `to_dict(orient="split")` gives it."""

    data: Annotated[list[list[Any]], Field(fail_fast=True)]
    columns: list[Any] | None = None
    index: list[Any] | None = None


class MlflowRequest(StrictRequest):
    """A table, or texts, under one of four names."""

    dataframe_split: SplitTable | None = None
    dataframe_records: Annotated[list[dict[str, Any]], Field(fail_fast=True)] | None = None
    instances: list[Any] | dict[str, Any] | str | None = None
    inputs: list[Any] | dict[str, Any] | str | None = None
    params: dict[str, Any] | None = Field(None, description="There are none.", max_length=0)


class MlflowPrediction(BaseModel):
    """What a text is; `score_LABEL` is the probability of each label."""

    model_config = ConfigDict(extra="allow")

    label: str | None = Field(None, description="null: the text gets no label.")
    labels: list[str] | None = Field(None, description="Instead of a label, if a text can have several.")
    score: float | None = Field(None, description="The highest probability.")
    truncated: bool


class MlflowAnswer(BaseModel):
    """A record per text."""

    predictions: list[MlflowPrediction]


class MlflowError(BaseModel):
    """A refusal in MLflow's form."""

    error_code: str
    message: str


def _refuse(refusal: Refusal) -> Response:
    code = refusal.status(wrong=400)
    content = MlflowError(error_code=_CODES.get(code, "BAD_REQUEST"), message=refusal.detail).model_dump()
    return JSONResponse(content, status_code=code, headers=refusal.headers)


def _record_table(records: Sequence[Mapping[str, Any]], place: str, *, pairs: bool) -> Table:
    names = list(records[0]) if records else []
    if records and is_header(names, pairs=pairs):
        names = list(fields_of_texts(pairs=pairs))
    for number, record in enumerate(records):
        if any(name not in record for name in names):
            raise Refusal(422, f"{place}[{number}]: It lacks a field that the first record has.")
    return names, [[record[name] for name in names] for record in records]


def _column_table(columns: Mapping[str, Any], place: str, *, pairs: bool) -> Table:
    names = list(columns)
    if is_header(names, pairs=pairs):
        names = list(fields_of_texts(pairs=pairs))
    lists = [columns[name] if isinstance(columns[name], list) else [columns[name]] for name in names]
    if len({len(values) for values in lists}) > 1:
        raise Refusal(422, f"{place}: The columns differ in length.")
    return names, [list(row) for row in zip(*lists, strict=True)]


def _loose_table(value: Any, place: str, *, pairs: bool) -> Table:
    """Return the table in instances or inputs: texts, rows, records, or columns."""
    if isinstance(value, dict):
        return _column_table(value, place, pairs=pairs)
    values: list[Any] = [value] if isinstance(value, str) else value
    if values and all(isinstance(each, dict) for each in values):
        return _record_table(values, place, pairs=pairs)
    rows = [[each] if isinstance(each, str) else each for each in values]
    if not all(isinstance(row, list) for row in rows):
        raise Refusal(422, f"{place}: It has texts, rows of texts, or records with texts, and not a mixture.")
    return None, rows


def _json_texts(asked: Asked) -> list[AnyText]:
    body: MlflowRequest = asked.read(MlflowRequest)
    service, pairs = asked.service, asked.service.served.predictor.pairs
    sent = {name: value for name in _KEYS if (value := getattr(body, name)) is not None}
    if len(sent) != 1:
        raise Refusal(422, f"A body has exactly one of {', '.join(_KEYS)}.")
    [(place, value)] = sent.items()
    table: Table
    if isinstance(value, SplitTable):
        table, place = (value.columns, value.data), f"{place}.data"
    elif place == "dataframe_records":
        table = _record_table(value, place, pairs=pairs)
    else:
        table = _loose_table(value, place, pairs=pairs)
    return texts_of_rows(*table, service.limits, pairs=pairs, place=place)


def _csv_texts(asked: Asked) -> list[AnyText]:
    service = asked.service
    names, *rows = rows_of_csv(asked.body, service.limits) or [[]]
    return texts_of_rows(names, rows, service.limits, pairs=service.served.predictor.pairs, place="rows")


def _parquet_texts(asked: Asked) -> list[AnyText]:
    limits, pairs = asked.service.limits, asked.service.served.predictor.pairs
    names, rows = table_of_parquet(asked.body, limits, pairs=pairs)
    return texts_of_rows(names, rows, limits, pairs=pairs, place="rows")


_READERS = {JSON: _json_texts, _CSV: _csv_texts, _PARQUET: _parquet_texts, _OTHER_PARQUET: _parquet_texts}


def _flat(decision: Mapping[str, Any]) -> dict[str, Any]:
    scores = {f"score_{name}": score for name, score in decision["scores"].items()}
    first = {name: decision[name] for name in ("label", "labels", "score") if name in decision}
    rest = {name: decision[name] for name in ("abstained", "other", "truncated") if name in decision}
    return {**first, **scores, **rest}


async def _answer(asked: Asked) -> Any:
    media_type = asked.media_type
    # Reading Parquet takes its library and more than a moment.
    size = len(asked.body) if media_type in (JSON, _CSV) else 1 << 30
    texts = await off_loop(size, partial(_READERS[media_type], asked))
    logits, truncated = await asked.logits(texts)
    decisions = decisions_of(logits, truncated, asked.service.served.predictor)
    return JSONResponse({"predictions": list(map(_flat, decisions))})


def _takes(asked: Asked, *, pairs: bool) -> bool:
    if asked.media_type == JSON:
        return bool(asked.keys & _ITS_OWN)
    if asked.media_type == _CSV:
        first = asked.body.partition(b"\n")[0][:_HEADER_BYTES]
        return any(is_header(row, pairs=pairs) for row in rows_of_csv(first, asked.service.limits))
    return asked.media_type in _READERS


_HEADER_BYTES = 1000


def _invocation(service: Service) -> Invocation:
    pairs = service.served.predictor.pairs
    table = {"type": "string", "description": "A table with a header, whose texts are in the column text."}
    binary = {"type": "string", "format": "binary", "description": "A table with texts in the column text."}
    bodies = {JSON: MlflowRequest, _CSV: table, _PARQUET: binary, _OTHER_PARQUET: binary}
    return Invocation(partial(_takes, pairs=pairs), _answer, bodies, MlflowAnswer, MlflowError)


def _add(endpoints: Endpoints, service: Service) -> None:
    @endpoints.look("/version", gives=None, errors=MlflowError)
    async def tell_version() -> Response:
        """Return the server's version."""
        return PlainTextResponse(version("textune"))


register_protocol(
    ClientProtocol("mlflow", "MLflow's clients", add=_add, refuse=_refuse, invocation=_invocation)
)
