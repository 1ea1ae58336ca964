"""Labels that are probably wrong."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from audited_examples import NAMES, examples_from, with_sets
from textune.audit.findings import Example, Suspect
from textune.audit.label_noise import describe_suspects, suspects_csv
from textune.audit.out_of_fold import FOLDS, out_of_fold_label_probabilities, out_of_fold_probabilities
from textune.audit.ranking import labels_judged_well, rank_suspects, rank_suspects_per_label
from textune.evaluation.suspects import judges_well

ROWS = 200


def features_of(labels: NDArray[np.int64], *, seed: int = 0) -> NDArray[np.float32]:
    """Return features, noise around a centre for every class."""
    noise = np.random.default_rng(seed).normal(size=(len(labels), 6))
    return (noise + 3.0 * labels[:, None]).astype(np.float32)


def examples_with(labels: NDArray[np.int64], *, held_out: int = 0) -> tuple[Example, ...]:
    """Return examples with these labels, the last ones in test."""
    return examples_from(
        ("test" if number >= len(labels) - held_out else "train", f"text {number}", NAMES[label])
        for number, label in enumerate(labels)
    )


def probabilities_of(given: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return out-of-fold probabilities of rows whose true classes alternate, and suspect labels."""
    folds = [number // 2 % FOLDS for number in range(len(given))]
    return out_of_fold_probabilities(features_of(np.arange(len(given)) % 2), given, folds)


def with_wrong(*rows: int) -> NDArray[np.int64]:
    """Return labels that alternate except in some rows."""
    labels = np.arange(ROWS) % 2
    labels[list(rows)] = 1 - labels[list(rows)]
    return labels


def test_the_wrong_labels_are_the_first_suspects() -> None:
    labels = with_wrong(3, 60, 121)

    suspects = rank_suspects(examples_with(labels), probabilities_of(labels), NAMES)

    assert {suspect.example.row for suspect in suspects[:3]} == {3, 60, 121}


def test_a_suspect_names_its_label_and_what_is_more_probable() -> None:
    labels = with_wrong(3)

    first = rank_suspects(examples_with(labels), probabilities_of(labels), NAMES)[0]

    assert (first.label, first.suggested) == (NAMES[labels[3]], NAMES[1 - labels[3]])
    assert first.label_probability < 0.1 < 0.9 < first.suggested_probability


def test_right_labels_are_not_suspected() -> None:
    labels = with_wrong()

    assert len(rank_suspects(examples_with(labels), probabilities_of(labels), NAMES)) <= 2


def test_suspects_come_split_after_split_the_least_probable_label_first() -> None:
    labels = with_wrong(3, 60, 150, 190)

    suspects = rank_suspects(examples_with(labels, held_out=60), probabilities_of(labels), NAMES)

    keys = [(suspect.example.split == "test", suspect.label_probability) for suspect in suspects]
    assert keys == sorted(keys)
    assert {suspect.example.split for suspect in suspects} == {"train", "test"}


def test_a_class_of_few_rows_is_neither_judged_nor_suggested() -> None:
    labels = np.array([0] * 100 + [1] * 9)
    probabilities = np.full((109, 2), 0.5)

    assert rank_suspects(examples_with(labels), probabilities, NAMES) == []


def test_cleanlab_finds_the_wrong_labels_as_well() -> None:
    labels = with_wrong(3, 60, 121)

    suspects = rank_suspects(examples_with(labels), probabilities_of(labels), NAMES, cleanlab=True)

    assert {suspect.example.row for suspect in suspects} >= {3, 60, 121}
    assert all(suspect.label != suspect.suggested for suspect in suspects)


def test_probabilities_that_know_nothing_may_not_judge() -> None:
    labels = with_wrong()

    assert judges_well(probabilities_of(labels), labels)
    assert not judges_well(np.full((ROWS, 2), 0.5), labels)


def sets_with_wrong() -> tuple[tuple[Example, ...], NDArray[np.int64]]:
    """Return examples and labels: joy on each third text, but not on row 3, and wrongly on row 4."""
    labels = np.array([[row % 2 == 0, row % 3 == 0] for row in range(ROWS)], dtype=np.int64)
    labels[[3, 4], 1] = [0, 1]
    names = [" ".join(name for name, has in zip(NAMES, own, strict=True) if has) for own in labels]
    return with_sets(("train", f"text {row}", own) for row, own in enumerate(names)), labels


def probabilities_of_labels(labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return out-of-fold probabilities of rows whose features hold both true labels, and given labels."""
    truth = np.array([[row % 2 == 0, row % 3 == 0] for row in range(ROWS)])
    noise = np.random.default_rng(0).normal(size=(ROWS, 2))
    features = np.concatenate([noise + 5 * truth, np.random.default_rng(1).normal(size=(ROWS, 3))], axis=1)
    return out_of_fold_label_probabilities(
        features.astype(np.float32), labels, [row // 6 % FOLDS for row in range(ROWS)]
    )


def test_labels_that_are_missing_or_wrongly_there_are_suspects() -> None:
    examples, labels = sets_with_wrong()
    probabilities = probabilities_of_labels(labels)

    suspects = rank_suspects_per_label(examples, probabilities, NAMES, judged=[0, 1])

    first = {suspect.example.row: (suspect.label, suspect.suggested) for suspect in suspects[:2]}
    assert first == {3: ("not joy", "joy"), 4: ("joy", "not joy")}


def test_a_label_that_is_not_known_is_never_a_suspect() -> None:
    examples, labels = sets_with_wrong()
    probabilities = probabilities_of_labels(labels)
    open_row = replace(examples[3], unknown=(1,))

    suspects = rank_suspects_per_label(
        [*examples[:3], open_row, *examples[4:]], probabilities, NAMES, judged=[0, 1]
    )

    assert 3 not in {suspect.example.row for suspect in suspects}


def test_labels_that_the_features_do_not_separate_are_not_judged() -> None:
    _, labels = sets_with_wrong()
    probabilities = probabilities_of_labels(labels)
    probabilities[:, 0] = labels[:, 0].mean()

    assert labels_judged_well(probabilities, labels) == [1]


def test_the_file_can_be_read_as_labelled_texts() -> None:
    labels = with_wrong(3)
    suspects = rank_suspects(examples_with(labels), probabilities_of(labels), NAMES)

    rows = list(csv.DictReader(io.StringIO(suspects_csv(suspects))))

    assert (rows[0]["text"], rows[0]["row"], rows[0]["rank"]) == ("text 3", "3", "1")
    assert rows[0]["label"] == NAMES[labels[3]]


def test_texts_with_commas_quotes_and_line_ends_survive_the_file() -> None:
    text = 'so "happy",\nthey said'
    (example,) = examples_from([("train", text, "joy")])

    rows = list(csv.DictReader(io.StringIO(suspects_csv([Suspect(example, "joy", "anger", 0.1, 0.9)]))))

    assert [row["text"] for row in rows] == [text]


def test_the_finding_says_how_many_where_and_in_which_file() -> None:
    (example,) = examples_from([("train", "so happy", "anger")])

    finding = describe_suspects([Suspect(example, "anger", "joy", 0.02, 0.97)], judged=50, judge="tiny")

    assert finding.title == "1 suspect label, 2.0 % of all (1 in train)"
    assert "in suspects.csv from the top" in finding.written_to("suspects.csv").advice
    assert finding.rows[0].note == "anger, probably joy (97 %)"


def test_rows_of_a_fold_are_scored_without_their_own_labels() -> None:
    labels = with_wrong()
    flipped = labels.copy()
    flipped[0] = 1 - flipped[0]

    np.testing.assert_allclose(probabilities_of(labels)[0], probabilities_of(flipped)[0], atol=1e-6)
