"""The classifier of an export, without torch: numpy, tokenizers and the export's runtime.

It gives the probabilities of the run's own classifier. Texts are classified in batches of similar length, or
of equal length if the classifier reads padding as text, and every core works on its own batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from textune.encoder.batching import Progress, batches_by_length, pad_rows, run_in_threads
from textune.encoder.truncation import (
    TokenIds,
    TokenizedTexts,
    read_in_windows,
    truncate_pairs,
    which_truncated,
    with_segments,
)
from textune.encoder.windows import TextTokens, WindowedTexts
from textune.errors import ExportError
from textune.formats.text_pairs import AnyText
from textune.model.outside_threshold import OutsideThreshold
from textune.model.threshold import Abstention
from textune.runtimes.exports import Export, export_command
from textune.runtimes.predictor import Predictor, check_text_list
from textune.runtimes.processor import available_cores, multiplies_whole_bytes

_MAX_TOKENS = 512
"""Tokens in a batch: its numbers then stay in a core's cache, which is 2 to 7 % faster than 2,048."""


class ExportPredictor(Predictor):
    """The classifier of an export, which works on `threads` batches at once; 0: one per core.

    A `MissingExtraError` says that the runtime is not installed, an `ExportError` that the files cannot be
    read or would give wrong results on this processor.
    """

    def __init__(
        self,
        export: Export,
        *,
        threads: int = 0,
        abstention: Abstention | None = None,
        thresholds: NDArray[np.float64] | None = None,
        outside: OutsideThreshold | None = None,
    ) -> None:
        description = export.description
        super().__init__(
            description.label_names,
            description.max_length,
            abstention,
            description.kind,
            thresholds,
            pairs=description.pairs,
            windows=description.windows,
            outside=outside,
        )
        export.runtime.check_installed()
        if description.whole_bytes and not multiplies_whole_bytes():
            raise ExportError(
                f"The export {export.path} was made on a processor with VNNI instructions. This one has "
                "none, so sums would overflow and labels would be wrong.",
                f"Make it on this machine: {export_command(Path('RUN'), description.name)}",
            )
        from tokenizers import Tokenizer

        self._description = description
        self._threads = threads or available_cores()
        try:
            self._tokenizer = Tokenizer.from_file(str(export.tokenizer))
            if self.pairs:
                self._truncation_side = (self._tokenizer.truncation or {}).get("direction", "right")
                self._tokenizer.no_truncation()
            self._compute = export.runtime.open(export.graph, description.precision, self._threads)
            if description.windows is not None:
                self._compute_head = export.runtime.open(export.head, "fp32", self._threads)
        except ExportError:
            raise
        # Each library has errors of its own, some of them bare exceptions.
        except Exception as error:
            first_line = str(error).strip().partition("\n")[0]
            raise ExportError(
                f"The export {export.path} cannot be opened: {first_line}",
                "Export the run again with this version of the runtime: `textune export`.",
            ) from error

    def tokenize(self, texts: Sequence[AnyText]) -> TokenizedTexts:
        """Return the token ids of every text, and which texts were truncated."""
        texts = check_text_list(texts, pairs=self.pairs)
        if self.windows is not None:
            encode = self._tokenizer.encode_batch
            return read_in_windows(texts, encode, max_tokens=self.max_tokens, windows=self.windows)
        encodings = self._tokenizer.encode_batch(texts)
        if not self.pairs:
            return TokenizedTexts([encoding.ids for encoding in encodings], which_truncated(encodings))
        rows, segments, truncated = truncate_pairs(
            encodings, max_tokens=self.max_tokens, side=self._truncation_side
        )
        if self._description.segments:
            rows = [with_segments(*ids) for ids in zip(rows, segments, strict=True)]
        return TokenizedTexts(rows, truncated)

    def probabilities(self, rows: TextTokens, *, on_progress: Progress | None = None) -> NDArray[np.float64]:
        """Return the probability of every class for every text's token ids, (texts, classes)."""
        probabilities, done = np.empty((len(rows), len(self.label_names))), 0
        for batch, logits, _ in self._read_batches(rows, threads=self._threads):
            probabilities[batch] = self.kind.probabilities(logits)
            done += len(batch)
            if on_progress:
                on_progress(done, len(rows))
        return probabilities

    def logits(self, rows: TextTokens) -> NDArray[np.float32]:
        """Return the logits (texts, classes) of token ids, from which `probabilities` come.

        The calling thread computes alone, so that a server's threads do not wait for each other.
        """
        return self._logits(rows, threads=1)

    def features_and_logits(self, rows: TextTokens) -> tuple[NDArray[np.float32] | None, NDArray[np.float32]]:
        """Return the features (texts, width) that the head reads, and what `logits` returns.

        The features are None if the export was made by a version of textune whose graphs do not give them.
        """
        logits, features = self._empty_logits(rows), None
        for batch, of_batch, features_of_batch in self._read_batches(rows, threads=1):
            logits[batch] = of_batch
            if features_of_batch is None:
                continue
            if features is None:
                features = np.empty((len(rows), features_of_batch.shape[1]), dtype=np.float32)
            features[batch] = features_of_batch
        return features, logits

    def logits_of_many(self, rows: TextTokens) -> NDArray[np.float32]:
        """Return what `logits` does, with all threads."""
        return self._logits(rows, threads=self._threads)

    def _logits(self, rows: TextTokens, *, threads: int) -> NDArray[np.float32]:
        logits = self._empty_logits(rows)
        for batch, of_batch, _ in self._read_batches(rows, threads=threads):
            logits[batch] = of_batch
        return logits

    def _empty_logits(self, rows: TextTokens) -> NDArray[np.float32]:
        return np.empty((len(rows), len(self.label_names)), dtype=np.float32)

    def _read_batches(
        self, rows: TextTokens, *, threads: int
    ) -> Iterator[tuple[list[int], NDArray[np.float32], NDArray[np.float32] | None]]:
        """Yield batches of rows with their logits and, if the graph gives them, the head's features."""
        if isinstance(rows, WindowedTexts):
            yield from self._read_windows(rows, threads)
            return
        for batch, outputs in self._computed(rows, threads):
            yield batch, *self._logits_and_features(outputs)

    def _read_windows(
        self, texts: WindowedTexts, threads: int
    ) -> Iterator[tuple[list[int], NDArray[np.float32], NDArray[np.float32] | None]]:
        """Yield texts as `_read_batches` does; the features of few windows are in memory at a time."""
        for part in texts.parts():
            first, *others = texts.offsets[part.start : part.stop + 1].tolist()
            features = np.empty((0, 0), dtype=np.float32)
            windows = texts.windows.take(np.arange(first, others[-1]))
            for batch, [vectors] in self._computed(windows, threads):
                if not features.size:
                    features = np.empty((others[-1] - first, vectors.shape[1]), dtype=np.float32)
                features[batch] = vectors
            for text, end in enumerate(others, start=part.start):
                of_text = features[: end - first]
                features, first = features[end - first :], end
                yield [text], *self._logits_and_features(self._compute_head(of_text))

    def _logits_and_features(
        self, outputs: Sequence[NDArray[np.float32]]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        logits, *features = outputs
        return logits / self._description.temperature, features[0] if features else None

    def _computed(
        self, rows: TokenIds, threads: int
    ) -> Iterator[tuple[list[int], Sequence[NDArray[np.float32]]]]:
        """Yield batches of rows with what the graph makes of them."""

        def compute(batch: list[int]) -> Sequence[NDArray[np.float32]]:
            inputs = pad_rows([rows[row] for row in batch], padding_id=self._description.padding_id)
            return self._compute(*inputs)

        padded = self._description.padding_id is not None
        batches = batches_by_length([len(row) for row in rows], max_tokens=_MAX_TOKENS, padded=padded)
        return run_in_threads(compute, batches, threads=threads)
