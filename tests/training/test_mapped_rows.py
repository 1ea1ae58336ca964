"""A head on features that stay in their file gets what it would get from memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.nn import functional

from textune.encoder import memory
from textune.model.classifier import head_logits
from textune.model.heads import LinearHead, Standardisation
from textune.training import mapped_rows
from textune.training.mapped_rows import MappedRows, Rows, in_memory, logits_of, rows_of

ROWS, WIDTH, CLASSES = 100, 6, 3


@pytest.fixture
def features(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NDArray[np.float32]:
    """Features in a file, of which four rows are read at a time, two blocks by each task."""
    monkeypatch.setattr(mapped_rows, "_BLOCK_BYTES", 4 * WIDTH * 4)
    monkeypatch.setattr(mapped_rows, "_BLOCKS_PER_TASK", 2)
    monkeypatch.setattr(memory, "_MAPPED_BYTES_HELD", 200)
    path = tmp_path / "features"
    np.random.default_rng(0).normal(3, 2, (ROWS, WIDTH)).astype(np.float32).tofile(path)
    return np.memmap(path, np.float32, "c", shape=(ROWS, WIDTH))


@pytest.fixture
def standardisation(features: NDArray[np.float32]) -> Standardisation:
    return Standardisation.of([torch.from_numpy(np.array(features))])


@pytest.fixture
def head() -> LinearHead:
    torch.manual_seed(0)
    head = LinearHead(WIDTH, CLASSES)
    torch.nn.init.normal_(head.output.weight)
    return head


def labels() -> torch.Tensor:
    return torch.arange(ROWS) % CLASSES


def gradients(head: LinearHead, rows: MappedRows) -> tuple[float, list[torch.Tensor]]:
    """Return the mean loss of all rows, and its gradients."""
    head.zero_grad()
    loss = rows.add_gradients(
        head, labels(), lambda logits, of: functional.cross_entropy(logits, of, reduction="sum") / ROWS
    )
    return loss, [parameter.grad.clone() for parameter in head.parameters() if parameter.grad is not None]


def mapped(features: NDArray[np.float32], standardisation: Standardisation, threads: int = 1) -> MappedRows:
    rows = rows_of(features, standardisation, threads=threads)
    assert isinstance(rows, MappedRows)
    return rows


def test_logits_are_those_of_features_in_memory(
    features: NDArray[np.float32], standardisation: Standardisation, head: LinearHead
) -> None:
    rows = mapped(features, standardisation)

    expected = head_logits(head, standardisation.apply(torch.from_numpy(np.array(features))))
    torch.testing.assert_close(logits_of(head, rows), expected)


def test_loss_and_gradients_are_those_of_features_in_memory(
    features: NDArray[np.float32], standardisation: Standardisation, head: LinearHead
) -> None:
    loss, found = gradients(head, mapped(features, standardisation))

    head.zero_grad()
    logits = head(standardisation.apply(torch.from_numpy(np.array(features))))
    whole = functional.cross_entropy(logits, labels())
    whole.backward()  # type: ignore[no-untyped-call]
    assert loss == pytest.approx(float(whole.detach()))
    torch.testing.assert_close(found, [parameter.grad for parameter in head.parameters()])


def test_gradients_have_the_same_bits_whatever_the_number_of_threads(
    features: NDArray[np.float32], standardisation: Standardisation, head: LinearHead
) -> None:
    alone = gradients(head, mapped(features, standardisation))
    together = gradients(head, mapped(features, standardisation, threads=3))

    assert alone[0] == together[0]
    assert all(map(torch.equal, alone[1], together[1]))


def test_rows_are_read_by_their_numbers(features: NDArray[np.float32]) -> None:
    rows: Rows = rows_of(features, None)

    numbers = torch.tensor([7, 0, 99])
    assert torch.equal(rows[numbers], torch.from_numpy(np.array(features))[numbers])
    assert torch.equal(in_memory(rows), torch.from_numpy(np.array(features)))
