"""The page: what is in it, what is left out, and that no text of the data is anything but text."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from made_results import made_predictions, made_results, sure_mistakes
from textune.errors import RequestError
from textune.explain.attribution import Explanation, Word
from textune.explain.words import find_words
from textune.formats.text_pairs import TextPair
from textune.report.page import render_run, render_runs
from textune.report.results import RunResults

PLANTED = [
    "<script>window.planted = 1</script>",
    '"><img src=x onerror="window.planted = 1">',
    "' onmouseover='window.planted = 1",
    "</script></style></title><svg onload=window.planted=1>",
    "{{ 7 * 7 }}{% raw %}",
    "]]><!-- & &lt;b&gt; -->",
]
"""What a tweet may try."""


class Tags(HTMLParser):
    """All elements of a page, with their attributes, and its text, except scripts and styles."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._inside = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        self.text += data if self._inside not in {"script", "style"} else ""

    def named(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of every element of a name."""
        return [attributes for name, attributes in self.found if name == tag]


def hostile_results() -> RunResults:
    """Return results in which every text that people or files chose is an attack."""
    labels = [*PLANTED[:3], PLANTED[3]]
    test = sure_mistakes(PLANTED * 4, labels=labels)
    document: dict[str, Any] = {
        "recipe": PLANTED[0],
        "model": PLANTED[1],
        "source": PLANTED[2],
        "verdict": {"sentence": PLANTED[3]},
        "data_checks": [
            {"id": PLANTED[0], "severity": PLANTED[2], "title": PLANTED[3], "advice": PLANTED[4], "count": 1}
        ],
    }
    return made_results(
        path=f"runs/{PLANTED[1].replace('/', '')}",
        labels=labels,
        test=test,
        train=sure_mistakes(PLANTED, labels=labels),
        document=document,
        head="stock",
        recipe_text=f"# {PLANTED[3]}\n",
    )


def explanation_of(text: str, weights: dict[str, float]) -> Explanation:
    """Return an explanation in which all other words weigh nothing."""
    words = [(text[start:end], start, end) for start, end in find_words(text)]
    return Explanation(text, "joy", 0.9, tuple(Word(*word, weights.get(word[0], 0.0)) for word in words))


def hostile_explanations() -> list[Explanation]:
    return [
        Explanation(text, "joy", 0.9, (Word(text[:4], 0, 4, 0.2), Word(text[4:], 4, len(text), -0.1)))
        for text in PLANTED
    ]


def hostile_pages() -> dict[str, str]:
    run = hostile_results()
    return {"one": render_run(run, hostile_explanations()), "several": render_runs([run, run])}


def section(html: str, name: str) -> str:
    """Return the text of a section; empty where there is none."""
    section = re.search(rf'<section id="{name}".*?</section>', html, flags=re.DOTALL)
    if not section:
        return ""
    apart = re.sub("</(?:td|th|p|h2|h3|div|li|span)>", r" \g<0>", section[0])
    return " ".join(Tags(apart).text.split())


@pytest.mark.parametrize("kind", ["one", "several"])
def test_no_text_of_the_data_becomes_an_element_or_an_attribute(kind: str) -> None:
    page = Tags(hostile_pages()[kind])

    assert len(page.named("script")) == 1
    assert not page.named("img")
    assert not any("onload" in attributes for attributes in page.named("svg"))
    assert not any(name.startswith("on") for _, attributes in page.found for name in attributes)


@pytest.mark.parametrize("text", PLANTED)
def test_a_hostile_text_is_shown_as_it_is(text: str) -> None:
    page = Tags(hostile_pages()["one"])

    assert text in page.text


def test_labels_come_back_from_the_filters_as_they_are() -> None:
    page = Tags(hostile_pages()["one"])

    values = {attributes.get("value") for attributes in page.named("option")}
    assert PLANTED[0] in values
    assert PLANTED[1] in values


@pytest.mark.parametrize("kind", ["one", "several"])
def test_the_page_names_no_other_file_and_no_address(kind: str) -> None:
    run = made_results()
    html = render_run(run) if kind == "one" else render_runs([run, made_results("runs/other")])

    page = Tags(html)
    loading = {
        key: value for _, attributes in page.found for key, value in attributes.items() if key == "src"
    }
    linked = {attributes["href"] for attributes in [*page.named("a"), *page.named("link")]}
    assert loading == {}
    assert all(str(link).startswith(("#", "data:")) for link in linked)
    assert "://" not in html
    assert "@import" not in html
    assert "url(" not in html


def test_the_pages_policy_lets_its_own_script_run_and_nothing_else() -> None:
    html = render_run(made_results())

    script = re.search(r"<script>(.*?)</script>", html, flags=re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    (policy,) = (each["content"] for each in Tags(html).named("meta") if "http-equiv" in each)
    assert "default-src 'none'" in policy
    assert f"script-src 'sha256-{digest}'" in policy


def test_the_sections_of_a_whole_run_are_there() -> None:
    run = made_results(document={"data_checks": [{"id": "D003", "title": "twice"}]})

    page = render_run(run)

    names = ["verdict", "metrics", "learning", "classes", "trust", "mistakes", "data", "made", "use"]
    assert [name for name in names if section(page, name)] == names


def test_what_a_run_does_not_hold_has_no_section() -> None:
    run = made_results(predictions={}, history=[], document={"baselines": {}, "training": {}})

    page = render_run(run)

    assert [name for name in ("learning", "trust", "mistakes", "data") if section(page, name)] == []
    assert section(page, "metrics")


def test_metrics_without_long_texts_are_shown_where_there_are_long_ones() -> None:
    whole = made_results()
    shorter = whole.test.model_copy(update={"examples": 100})

    some = render_run(made_results(document={"filtered": {"test": shorter}}))
    none = render_run(made_results(document={"filtered": {"test": whole.test}}))

    assert "this run, test without long texts 100" in section(some, "metrics")
    assert "without long texts" not in none


def test_the_members_of_a_run_have_a_line_each() -> None:
    history = [
        {
            "member": member,
            "epoch": epoch,
            "loss": 1.0,
            "validation_log_loss": 1.0,
            "validation_accuracy": 0.5,
        }
        for member in (1, 2)
        for epoch in (1, 2)
    ]

    html = render_run(made_results(history=history))

    assert "2 trainings, one line each" in section(html, "learning")
    assert html.count("<polyline") == 2 * 2 + 2 + 1


def test_a_link_of_the_navigation_leads_to_a_section() -> None:
    page = Tags(render_run(made_results()))

    ids = {attributes.get("id") for _, attributes in page.found}
    assert {str(attributes["href"])[1:] for attributes in page.named("a")} <= ids


def test_data_checks_show_their_severity_and_advice() -> None:
    check = {"id": "D004", "severity": "error", "title": "12 texts in two splits", "advice": "Take them out."}

    shown = section(render_run(made_results(document={"data_checks": [check]})), "data")

    assert "error D004 12 texts in two splits" in shown
    assert "Take them out." in shown


def test_suspected_labels_are_reported_with_their_place() -> None:
    wrong = made_predictions(300, quality=4.0, texts=["odd one"])
    probabilities = wrong.probabilities.copy()
    probabilities[0] = [1e-6, 1 - 2e-6, 1e-6]

    shown = section(render_run(made_results(test=replace(wrong, probabilities=probabilities))), "data")

    assert "anger predicted as joy odd one" in shown
    assert "test row 0" in shown


def test_words_are_coloured_by_what_they_spoke_for_and_tell_their_points() -> None:
    text = "happy but sad today"
    run = made_results(test=sure_mistakes([text]))

    html = render_run(run, [explanation_of(text, {"happy": 0.227, "sad": -0.136, "today": 0.02})])

    happy = '<mark class="for-4" title="+22.7 points">happy</mark>'
    sad = '<mark class="against-3" title="-13.6 points">sad</mark>'
    assert f"{happy} but {sad} today" in html


def test_mistakes_beyond_those_that_are_explained_are_shown_without_colours() -> None:
    run = made_results(test=sure_mistakes(["first text", "second text"]))

    html = render_run(run, [explanation_of("first text", {"first": 0.1})])

    assert "second text</p>" in html


def test_the_studys_metrics_stand_beside_a_run_with_its_recipe_and_data_only() -> None:
    labels = ("anger", "joy", "optimism", "sadness")
    of_study = made_results(
        labels=labels, test=made_predictions(1421, labels=labels), document={"recipe": "paper"}
    )

    assert "72.77 %" in section(render_run(of_study), "metrics")
    assert "72.77 %" not in render_run(made_results(document={"recipe": "paper"}))


def test_a_label_set_too_large_for_a_matrix_lists_the_commonest_confusions() -> None:
    labels = [f"label {number}" for number in range(40)]
    run = made_results(labels=labels, test=made_predictions(400, labels=labels))

    page = Tags(render_run(run))

    assert not any("confusion" in (attributes.get("class") or "") for attributes in page.named("table"))
    assert "true label" in page.text


def test_how_to_use_it_names_the_run_as_a_shell_and_as_python_would() -> None:
    shown = section(render_run(made_results("runs/my run")), "use")

    assert "textune predict 'runs/my run'" in shown
    assert "textune.load('runs/my run')" in shown
    assert "pipeline" not in shown


def test_an_embedded_model_is_shown_with_its_own_name_and_its_licence() -> None:
    assert "all-mpnet-base-v2, Apache-2.0" in render_run(made_results(document={"model": "embedded:mpnet"}))
    assert "Apache-2.0" not in render_run(made_results(document={"model": "acme/bert"}))


def test_a_stock_head_is_shown_in_plain_transformers() -> None:
    assert "pipeline(" in section(render_run(made_results(head="stock")), "use")


def test_a_text_of_a_megabyte_does_not_make_the_page_one() -> None:
    texts = ["word " * 200_000] * 20
    explanations = [Explanation(text, "joy", 0.9, (Word(text, 0, len(text), 0.1),)) for text in texts]

    assert len(render_run(made_results(test=sure_mistakes(texts)), explanations)) < 500_000


def test_both_texts_of_a_pair_are_shown_and_their_words_coloured_on_one_scale() -> None:
    pairs: list[Any] = [TextPair("so happy today", "how sad")] * 20
    words = Word("happy", 3, 8, 0.4), Word("sad", 4, 7, -0.2)
    explanation = Explanation(pairs[0], "joy", 0.9, words[:1], words_pair=words[1:])

    page = render_run(made_results(test=sure_mistakes(pairs)), [explanation])

    first, second = re.findall(r'<p class="text" dir="auto">(.*)</p>', page)[:2]
    assert first == (
        'so <mark class="for-4" title="+40.0 points">happy</mark> today | '
        'how <mark class="against-3" title="-20.0 points">sad</mark>'
    )
    assert second == "so happy today | how sad"


def test_several_runs_stand_side_by_side_by_their_folders_names() -> None:
    page = render_runs([made_results("runs/first"), made_results("runs/second")])

    assert "first" in section(page, "metrics")
    assert "second" in section(page, "metrics")
    assert Tags(page).text.count("Which labels are confused") == 1


def test_runs_of_one_name_are_distinguished_by_their_paths() -> None:
    page = render_runs([made_results("a/run"), made_results("b/run")])

    assert "a/run" in section(page, "metrics")
    assert "b/run" in section(page, "metrics")


def test_settings_that_differ_are_listed_and_others_are_not() -> None:
    first = made_results("a", recipe_text="[train]\nseed = 0\nlearning_rate = 1.0\n")
    second = made_results("b", recipe_text="[train]\nseed = 7\nlearning_rate = 1.0\n")

    shown = section(render_runs([first, second]), "made")

    assert "train.seed 0 7" in shown
    assert "learning_rate" not in shown


def test_runs_that_were_tested_on_different_texts_are_said_not_to_compare() -> None:
    other = made_results("b", test=made_predictions(90))

    assert "are not comparable" in render_runs([made_results("a"), other])
    assert "are not comparable" not in render_runs([made_results("a"), made_results("b")])


def test_more_runs_than_can_be_distinguished_are_refused() -> None:
    with pytest.raises(RequestError, match="9 runs are too many"):
        render_runs([made_results(f"run-{number}") for number in range(9)])


def test_runs_with_different_labels_are_shown_together() -> None:
    other = made_results("b", labels=("joy", "fear"), test=made_predictions(labels=("joy", "fear")))

    shown = section(render_runs([made_results("a"), other]), "classes")

    assert "fear \N{EN DASH} 8" in shown
