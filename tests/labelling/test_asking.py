"""The loop: what is asked, what for, and what happens to answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from labelled_pools import NAMES, answer_rightly, label_in, made_loop
from textune.errors import RequestError
from textune.labelling.answer_log import AnswerLog
from textune.labelling.asking import LabellingLoop
from textune.labelling.strategies import COVER_PER_LABEL, RANDOM_START


def test_a_quarter_of_the_questions_is_for_testing() -> None:
    asked = answer_rightly(made_loop(), 40)

    assert sum(question.is_test for question in asked) == 10


def test_texts_for_testing_come_in_the_order_of_the_pool() -> None:
    loop = made_loop()
    asked = [question.number for question in answer_rightly(loop, 40) if question.is_test]

    assert asked == np.flatnonzero(loop.pool.is_test)[:10].tolist()


def test_no_text_is_asked_about_twice() -> None:
    asked = answer_rightly(made_loop(), 100)

    assert len({question.key for question in asked if not question.is_repeat}) == sum(
        not question.is_repeat for question in asked
    )


def test_the_head_never_learns_from_answers_for_testing() -> None:
    loop = made_loop()
    answer_rightly(loop, 40)

    assert not loop.pool.is_test[loop.known.train.numbers].any()


def test_wrong_answers_for_testing_change_nothing_that_is_asked() -> None:
    right, wrong = made_loop(), made_loop()
    asked: dict[str, list[str]] = {"right": [], "wrong": []}
    for _ in range(40):
        for name, loop in (("right", right), ("wrong", wrong)):
            question = loop.next_question()
            assert question is not None
            label = label_in(str(question.text))
            if name == "wrong" and question.is_test:
                label = "anger"
            loop.answer(question.key, [label])
            asked[name].append(question.key)

    assert asked["right"] == asked["wrong"]


def test_the_head_learns_labels_from_answers() -> None:
    loop = made_loop()
    answer_rightly(loop, 60)

    assert loop.head is not None
    guessed = loop.head.probabilities(loop.features.matrix).argsort(axis=1)[:, -1]  # type: ignore[union-attr]
    truth = [NAMES.index(label_in(str(text))) for text in loop.pool.texts]
    assert (guessed == truth).mean() > 0.95


@pytest.mark.parametrize("strategy", ["herding", "margin", "badge"])
def test_every_strategy_begins_with_the_same_random_texts(strategy: str) -> None:
    loop = made_loop(strategy=strategy)
    asked = [question.number for question in answer_rightly(loop, 10) if not question.is_test]

    assert asked == np.flatnonzero(~loop.pool.is_test)[: len(asked)].tolist()
    assert len(asked) >= RANDOM_START - 1


def test_after_a_random_start_what_is_uncertain_is_sought() -> None:
    loop = made_loop()
    asked = [question.number for question in answer_rightly(loop, 20) if not question.is_test]

    assert asked != np.flatnonzero(~loop.pool.is_test)[: len(asked)].tolist()


def test_once_there_are_many_answers_per_label_what_is_most_uncertain_is_asked() -> None:
    loop = made_loop(200)
    answer_rightly(loop, 2 + COVER_PER_LABEL * len(NAMES) * 4 // 3)
    by_margin = LabellingLoop(loop.pool, loop.log, loop.features, strategy="margin")

    assert len(loop.known.train) >= COVER_PER_LABEL * len(NAMES)
    question = loop.next_question()
    assert question is not None and not question.is_test
    assert by_margin.next_question() == question


def test_many_answers_with_one_label_only_are_no_end() -> None:
    loop = made_loop(200)
    for _ in range(180):
        question = loop.next_question()
        assert question is not None
        loop.answer(question.key, [NAMES[0]])

    assert loop.next_question() is not None


def test_a_skipped_text_does_not_come_back() -> None:
    loop = made_loop(20)
    first = loop.next_question()
    assert first is not None
    loop.skip(first.key)

    assert first.key not in {question.key for question in answer_rightly(loop, 19)}


def test_there_is_an_end() -> None:
    loop = made_loop(20)
    answer_rightly(loop, 20)

    assert loop.next_question() is None


def test_an_undone_answer_is_asked_for_again() -> None:
    loop = made_loop()
    (*_, last) = answer_rightly(loop, 10)

    again = loop.undo()

    assert again is not None and again.key == last.key
    assert len(loop.known.answered) == 9


def test_undo_takes_back_only_ones_own_answers() -> None:
    loop = made_loop()
    (mine,) = answer_rightly(loop, 1, who="ann")
    answer_rightly(loop, 1, who="bob")

    undone = loop.undo("ann")

    assert undone is not None and undone.key == mine.key


def test_nothing_to_undo_is_nothing_undone() -> None:
    assert made_loop().undo() is None


def test_two_people_are_not_shown_the_same_text() -> None:
    loop = made_loop()
    first, second = loop.next_question("ann"), loop.next_question("bob")

    assert first is not None and second is not None
    assert first.key != second.key


def test_two_processes_share_a_journal(tmp_path: Path) -> None:
    first = made_loop(folder=tmp_path)
    second = LabellingLoop(first.pool, AnswerLog(tmp_path), first.features)
    answer_rightly(first, 5, who="ann")
    asked = answer_rightly(second, 5, who="bob")

    assert len(LabellingLoop(first.pool, AnswerLog(tmp_path)).known.answered) == 10
    assert len({question.key for question in asked}) == 5


def test_a_second_start_goes_on_where_the_first_was(tmp_path: Path) -> None:
    first = made_loop(folder=tmp_path)
    asked = answer_rightly(first, 20)

    second = made_loop(folder=tmp_path)

    assert {question.key for question in answer_rightly(second, 20)}.isdisjoint(
        question.key for question in asked
    )


def test_an_answer_that_is_sent_twice_counts_once() -> None:
    loop = made_loop()
    question = loop.next_question()
    assert question is not None
    loop.answer(question.key, ["joy"], event_id="x")
    loop.answer(question.key, ["anger"], event_id="x")

    assert [answer.labels for answer in loop.state.answers()] == [("joy",)]


def test_near_copies_of_answered_texts_are_left_out() -> None:
    loop = made_loop(40)
    texts = [*loop.pool.texts[:-1], f"{loop.pool.texts[0]}!"]
    matrix = loop.features.matrix.copy()  # type: ignore[union-attr]
    matrix[-1] = matrix[0]
    loop.features.matrix[:] = matrix  # type: ignore[union-attr]
    loop.pool.texts[-1] = texts[-1]  # type: ignore[index]
    loop.answer(loop.pool.keys[0], [label_in(texts[0])])

    asked = {question.number for question in answer_rightly(loop, 38)}

    assert len(loop.pool) - 1 not in asked


def test_an_unknown_label_is_refused() -> None:
    loop = made_loop()
    with pytest.raises(RequestError, match="no label 'fear'"):
        loop.answer(loop.pool.keys[0], ["fear"])


def test_two_labels_are_refused_where_a_text_has_one() -> None:
    loop = made_loop()
    with pytest.raises(RequestError, match="one label here, not 2"):
        loop.answer(loop.pool.keys[0], ["joy", "anger"])


def test_a_new_label_can_be_given_at_once() -> None:
    loop = made_loop()
    answer_rightly(loop, 20)
    loop.add_label("fear")
    question = loop.next_question()
    assert question is not None
    loop.answer(question.key, ["fear"])

    assert loop.next_question() is not None
    assert loop.known.label_names[-1] == "fear"


def test_a_renamed_label_keeps_its_answers() -> None:
    loop = made_loop()
    answer_rightly(loop, 20)
    before = loop.known.counts(loop.known.train).tolist()
    loop.rename_label("joy", "delight")

    assert loop.known.label_names == ("anger", "delight", "sadness")
    assert loop.known.counts(loop.known.train).tolist() == before


def test_two_labels_of_one_name_are_refused() -> None:
    with pytest.raises(RequestError, match="a label 'joy' already"):
        made_loop().rename_label("anger", "joy")


def test_a_likely_slip_is_asked_about_once_more() -> None:
    loop = made_loop(300)
    answer_rightly(loop, 80)
    wrong = next(
        question for question in answer_rightly(loop, 4) if not question.is_test and not question.is_repeat
    )
    right = label_in(str(wrong.text))
    loop.answer(wrong.key, [next(name for name in NAMES if name != right)])
    answer_rightly(loop, 30)
    loop.find_slips()

    again = next(question for question in answer_rightly(loop, 15) if question.is_repeat)

    assert again.key == wrong.key
    assert [(first.labels != second.labels) for first, second in loop.state.repeats.values()] == [True]


def test_a_text_is_asked_about_once_more_only_once_whatever_a_client_calls_the_answer() -> None:
    loop = made_loop(300)
    answer_rightly(loop, 80)
    wrong = next(question for question in answer_rightly(loop, 4) if not question.is_test)
    loop.answer(wrong.key, [next(name for name in NAMES if name != label_in(str(wrong.text)))])
    answer_rightly(loop, 30)
    loop.find_slips()
    asked = []
    for _ in range(40):
        question = loop.next_question()
        assert question is not None
        asked.append(question.key)
        loop.answer(question.key, [label_in(str(question.text))])

    assert asked.count(wrong.key) == 1


def test_several_labels_per_text_are_learned() -> None:
    loop = made_loop(multi=True)
    answer_rightly(loop, 60)
    found = loop.probabilities_of(0)

    assert found is not None
    assert found[NAMES.index(label_in(str(loop.pool.texts[0])))] > 0.5


def test_random_order_needs_no_features() -> None:
    loop = made_loop()
    loop = LabellingLoop(loop.pool, loop.log)

    assert len({question.key for question in answer_rightly(loop, 30)}) == 30


@pytest.mark.parametrize("strategy", ["herding", "margin", "badge", "random"])
def test_every_strategy_asks_about_every_text_in_the_end(strategy: str) -> None:
    loop = made_loop(60, strategy=strategy)

    assert len({question.key for question in answer_rightly(loop, 60)}) == 60
