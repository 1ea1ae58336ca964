"""The rows of an embedding table that some texts use: trained, while all others stay."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from textune.model.trainable import UsedRows, replace_child

USED = [5, 2, 7, 2]


@pytest.fixture
def table() -> nn.Embedding:
    torch.manual_seed(0)
    return nn.Embedding(10, 4, padding_idx=0)


def train_once(rows: UsedRows, token_ids: torch.Tensor) -> None:
    optimizer = torch.optim.SGD(rows.parameters(), lr=0.1)
    rows(token_ids).square().sum().backward()
    optimizer.step()


def test_all_tokens_have_their_vectors_before_the_training(table: nn.Embedding) -> None:
    ids = torch.arange(10).view(2, 5)

    assert torch.equal(UsedRows(table, USED)(ids), table(ids))


def test_only_the_used_rows_are_parameters(table: nn.Embedding) -> None:
    rows = UsedRows(table, USED)

    assert [(name, tuple(parameter.shape)) for name, parameter in rows.named_parameters()] == [
        ("weight", (3, 4))
    ]


def test_the_used_rows_learn_what_the_table_would(table: nn.Embedding) -> None:
    rows, ids = UsedRows(table, USED), torch.tensor([[2, 5, 2], [7, 7, 5]])

    rows(ids).square().sum().backward()
    table(ids).square().sum().backward()

    assert rows.weight.grad is not None
    assert table.weight.grad is not None
    torch.testing.assert_close(rows.weight.grad, table.weight.grad[[2, 5, 7]])


def test_a_token_that_is_not_used_reads_the_table_after_the_training(table: nn.Embedding) -> None:
    rows, unused = UsedRows(table, USED), torch.tensor([1, 3, 9])

    train_once(rows, torch.tensor([2, 5]))

    assert torch.equal(rows(unused), table(unused))


def test_a_used_token_reads_what_was_learned(table: nn.Embedding) -> None:
    rows, ids = UsedRows(table, USED), torch.tensor([5])

    train_once(rows, ids)

    torch.testing.assert_close(rows(ids), 0.8 * table(ids))


def test_the_vector_of_padding_is_not_trained(table: nn.Embedding) -> None:
    rows = UsedRows(table, [0, 5])

    assert rows.used.tolist() == [5]
    assert rows(torch.tensor([0])).tolist() == [[0.0, 0.0, 0.0, 0.0]]


def test_training_leaves_the_table_as_it_was(table: nn.Embedding) -> None:
    before = table.weight.detach().clone()

    train_once(UsedRows(table, USED), torch.tensor([2, 5, 7]))

    assert torch.equal(table.weight, before)


def test_writing_back_changes_the_used_rows_of_the_table_alone(table: nn.Embedding) -> None:
    before, rows = table.weight.detach().clone(), UsedRows(table, USED)
    train_once(rows, torch.tensor([2, 5, 7]))

    rows.write_back(table)

    assert (table.weight != before).any(dim=1).nonzero().flatten().tolist() == [2, 5, 7]
    assert torch.equal(table.weight[[2, 5, 7]], rows.weight)


def test_rows_in_bf16_are_read_beside_a_table_in_float32(table: nn.Embedding) -> None:
    rows = UsedRows(table, USED)
    rows.weight.data = rows.weight.data.bfloat16()

    assert rows(torch.tensor([1, 5])).dtype == torch.bfloat16


def test_a_table_is_replaced_wherever_it_stands_and_nothing_else_is(table: nn.Embedding) -> None:
    other, rows = nn.Embedding(10, 4), UsedRows(table, USED)
    module = nn.ModuleDict({"first": nn.Sequential(table), "second": nn.Sequential(other, table)})

    replace_child(module, table, rows)

    assert list(module["first"].children()) == [rows]
    assert list(module["second"].children()) == [other, rows]
