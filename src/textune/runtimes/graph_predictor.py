"""Runtimes: the classifier of an export, without torch.

In: an export folder. Out: a predictor, which gives the probabilities that the run's own classifier gives.
Needs numpy, tokenizers and the export's runtime, each imported when the first export is opened. Texts are
read in batches of like length, and every core works on a batch of its own.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import numpy as np

from textune.encoder.batching import Progress, batches_by_length, pad_rows, run_in_threads
from textune.errors import ExportError, MissingExtraError
from textune.prediction.predictor import check_texts, labels_of
from textune.runtimes.exports import Export, export_command
from textune.runtimes.processor import available_cores, multiplies_whole_bytes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from textune.model.threshold import Abstention

Logits = Callable[["NDArray[np.int64]", "NDArray[np.int64]"], "NDArray[np.float32]"]
"""From `input_ids` and `attention_mask` (rows, tokens) to logits (rows, classes); any thread may call it."""

_MAX_TOKENS = 512
"""Tokens in a batch: its numbers then stay in a core's cache, which gains 2 to 7 % beside 2,048."""
_GROUP = "128"
"""The fastest of 32 to 384, and as faithful as the smaller ones."""
_PACKAGES = {"onnx": "onnxruntime", "openvino": "openvino"}


def is_installed(runtime: str) -> bool:
    """Return whether the package of a runtime is there."""
    return importlib.util.find_spec(_PACKAGES[runtime]) is not None


def check_installed(runtime: str) -> None:
    """Raise a `MissingExtraError` unless the package of a runtime is there."""
    if not is_installed(runtime):
        raise MissingExtraError(runtime, f"The runtime {runtime}")


def check_processor(export: Export) -> None:
    """Raise an `ExportError` unless this machine's processor gives the export's numbers."""
    if export.reading.whole_bytes and not multiplies_whole_bytes():
        raise ExportError(
            f"The export {export.path} was made on a processor with VNNI instructions. This one has "
            "none: sums would overflow, and answers be wrong.",
            f"Make it on this machine: {export_command(Path('RUN'), export.reading)}",
        )


class ExportPredictor:
    """The classifier of an export.

    Args:
        export: The export.
        threads: How many batches are worked on at once; 0: as many as there are cores.
        abstention: When it gives no label; None: it always gives one.

    Raises:
        MissingExtraError: The runtime is not installed.
        ExportError: The graph or the tokenizer cannot be read.
    """

    def __init__(self, export: Export, *, threads: int = 0, abstention: Abstention | None = None) -> None:
        check_installed(export.reading.runtime)
        check_processor(export)
        from tokenizers import Tokenizer

        self._reading, self._abstention = export.reading, abstention
        self._threads = threads or available_cores()
        opener = {"onnx": _open_onnx, "openvino": _open_openvino}[export.reading.runtime]
        try:
            self._tokenizer = Tokenizer.from_file(str(export.tokenizer))
            self._logits = opener(export, self._threads)
        # Each library has errors of its own, some of them bare exceptions.
        except Exception as error:
            first_line = str(error).strip().partition("\n")[0]
            raise ExportError(
                f"The export {export.path} cannot be opened: {first_line}",
                "Export the run again with this version of the runtime: `textune export`.",
            ) from error

    @property
    def label_names(self) -> tuple[str, ...]:
        """The classes' names, in the order of the probabilities."""
        return self._reading.label_names

    @property
    def max_tokens(self) -> int:
        """Tokens after which a text is cut."""
        return self._reading.max_length

    @property
    def threshold(self) -> float:
        """The top probability below which no label is given: 0 where one always is, infinity: never."""
        return 0.0 if self._abstention is None else self._abstention.least_score

    def predict_proba(
        self, texts: Sequence[str], *, on_progress: Progress | None = None
    ) -> NDArray[np.float64]:
        """Return the probability of every class for every text, (texts, classes); rows sum to 1."""
        check_texts(texts)
        rows = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        found, done = np.empty((len(rows), len(self.label_names))), 0
        batches = batches_by_length([len(row) for row in rows], max_tokens=_MAX_TOKENS)
        work = partial(self._work, rows)
        for batch, logits in run_in_threads(work, batches, threads=self._threads):
            found[batch] = softmax(logits / self._reading.temperature)
            done += len(batch)
            if on_progress:
                on_progress(done, len(rows))
        return found

    def predict_logits(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the logits (texts, classes), whose softmax is what `predict_proba` gives.

        The thread that calls computes alone, so that a server's threads do not wait for each other.
        """
        check_texts(texts)
        rows = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        found = np.empty((len(rows), len(self.label_names)), dtype=np.float32)
        for batch in batches_by_length([len(row) for row in rows], max_tokens=_MAX_TOKENS):
            found[batch] = self._work(rows, batch) / self._reading.temperature
        return found

    def predict(self, texts: Sequence[str]) -> list[str | None]:
        """Return the most probable label of every text, or None where it is not sure enough."""
        return labels_of(self, texts)

    def _work(self, rows: Sequence[Sequence[int]], batch: Sequence[int]) -> NDArray[np.float32]:
        return self._logits(*pad_rows([rows[row] for row in batch], padding_id=self._reading.padding_id))


def softmax(logits: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Return the softmax of logits (rows, classes), computed in float64."""
    exact = logits.astype(np.float64)
    powers = np.exp(exact - exact.max(axis=1, keepdims=True))
    found: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return found


def _open_onnx(export: Export, threads: int) -> Logits:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # Each thread that calls computes its batch by itself: see `ExportPredictor._run`.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(export.graph), options, providers=["CPUExecutionProvider"])

    def logits(input_ids: NDArray[np.int64], attention_mask: NDArray[np.int64]) -> NDArray[np.float32]:
        given = {"input_ids": input_ids, "attention_mask": attention_mask}
        found: NDArray[np.float32] = session.run(["logits"], given)[0]
        return found

    return logits


def _open_openvino(export: Export, threads: int) -> Logits:
    import openvino

    settings = {
        # Left to itself, OpenVINO computes in bf16 wherever the processor can.
        "INFERENCE_PRECISION_HINT": "bf16" if export.reading.precision == "bf16" else "f32",
        # Where weights are in 8 bits, so many numbers of a token's vector share a scale.
        "DYNAMIC_QUANTIZATION_GROUP_SIZE": _GROUP if export.reading.precision == "int8" else "0",
        "NUM_STREAMS": str(threads),
        "INFERENCE_NUM_THREADS": str(threads),
    }
    compiled = openvino.Core().compile_model(str(export.graph), "CPU", settings)
    idle: SimpleQueue[Any] = SimpleQueue()
    for _ in range(threads):
        idle.put(compiled.create_infer_request())

    def logits(input_ids: NDArray[np.int64], attention_mask: NDArray[np.int64]) -> NDArray[np.float32]:
        request = idle.get()
        try:
            result = request.infer({"input_ids": input_ids, "attention_mask": attention_mask})
            # The request's own memory is written to again by whoever takes it next.
            found: NDArray[np.float32] = result["logits"].copy()
            return found
        finally:
            idle.put(request)

    return logits
