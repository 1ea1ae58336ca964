"""The names of the labels as the place where a head begins."""

from __future__ import annotations

import pytest
import torch

from textune.training.named_start import as_words, weights_of_names

CLASSES, ROWS, WIDTH = 4, 48, 16
LABELS = torch.arange(ROWS) % CLASSES


@pytest.fixture
def named() -> torch.Tensor:
    """The names of the labels, far from the centre of the rows as names are that resemble no text much."""
    return torch.randn(CLASSES, WIDTH, generator=torch.Generator().manual_seed(0)) + 2.0


@pytest.fixture
def rows(named: torch.Tensor) -> torch.Tensor:
    """Rows somewhat nearer to the names of their own labels."""
    noise = torch.randn(ROWS, WIDTH, generator=torch.Generator().manual_seed(1))
    rows = named[LABELS] + 2.0 * noise
    return rows - rows.mean(dim=0)


def test_a_text_gets_the_label_of_the_name_that_it_is_nearest_to(
    named: torch.Tensor, rows: torch.Tensor
) -> None:
    weights = weights_of_names(named, rows, LABELS, strength=3.0)

    assert weights is not None
    names_as_texts = named - named.mean(dim=0)
    assert (names_as_texts @ weights.T).argmax(dim=1).tolist() == list(range(CLASSES))
    assert ((rows @ weights.T).argmax(dim=1) == LABELS).float().mean() > 0.6


def test_a_row_in_the_direction_of_a_name_has_the_strength_as_logit(
    named: torch.Tensor, rows: torch.Tensor
) -> None:
    weights = weights_of_names(named, rows, LABELS, strength=3.0)

    assert weights is not None
    as_long_as_a_row = torch.nn.functional.normalize(named - named.mean(dim=0)) * rows.norm(dim=1).mean()
    assert (as_long_as_a_row @ weights.T).diagonal() == pytest.approx(torch.full((CLASSES,), 3.0))


def test_the_scale_of_the_features_does_not_matter(named: torch.Tensor, rows: torch.Tensor) -> None:
    weights, of_larger = (
        weights_of_names(named * factor, rows * factor, LABELS, strength=3.0) for factor in (1, 8)
    )

    assert weights is not None and of_larger is not None
    assert (rows @ weights.T).allclose(rows * 8 @ of_larger.T, atol=1e-5)


@pytest.mark.parametrize(
    "misleading",
    [lambda named: named.roll(1, 0), lambda named: named[[1, 0, 3, 2]], lambda named: named[:1].repeat(4, 1)],
    ids=["of the next label", "in pairs", "all the same"],
)
def test_names_that_lead_away_are_not_used(misleading, named: torch.Tensor, rows: torch.Tensor) -> None:
    assert weights_of_names(misleading(named), rows, LABELS, strength=3.0) is None


def test_names_that_have_nothing_to_do_with_the_texts_are_not_used(named: torch.Tensor) -> None:
    unrelated = torch.randn(ROWS, WIDTH, generator=torch.Generator().manual_seed(2))

    assert weights_of_names(named, unrelated - unrelated.mean(dim=0), LABELS, strength=3.0) is None


def test_three_rows_are_too_few_to_tell(named: torch.Tensor, rows: torch.Tensor) -> None:
    assert weights_of_names(named, rows[:3], LABELS[:3], strength=3.0) is None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("card_arrival", "card arrival"),
        ("joy", "joy"),
        ("Refund__not\tshown_", "Refund not shown"),
        ("_", "_"),
    ],
)
def test_a_name_is_read_as_words(name: str, text: str) -> None:
    assert as_words(name) == text
