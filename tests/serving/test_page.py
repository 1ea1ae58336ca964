"""The page: what it loads, what it makes of a file, and how it behaves in a browser where there is one."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from browser import find_chromium
from serving_stand_in import Running, running
from textune.data.columns import TEXT_NAMES
from textune.errors import DataError
from textune.formats.tables import read_rows
from textune.prediction.writers import OutputLayout
from textune.serving import page as files

FILES = files.page_files()
SOURCES = {name: file.body.decode() for name, file in FILES.items()}
FOLDER = Path(files.__file__).parent


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running() as server:
        yield server


def test_the_page_is_at_the_root(server: Running) -> None:
    answer = server.ask("GET", "/")

    assert answer.headers["content-type"].startswith("text/html")
    assert b"<h1>textune</h1>" in answer.body


def test_the_browser_may_load_from_this_server_alone(server: Running) -> None:
    policy = server.ask("GET", "/").headers["content-security-policy"]

    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("name", sorted(FILES))
def test_no_file_names_another_server(name: str) -> None:
    addresses = re.findall(r"https?://[^\s\"'<)]+", SOURCES[name])

    assert [address for address in addresses if not address.startswith("http://www.w3.org/")] == []


@pytest.mark.parametrize("name", re.findall(r'(?:href|src)="(page/[^"]+)"', SOURCES["index.html"]))
def test_what_the_page_loads_is_there(server: Running, name: str) -> None:
    answer = server.ask("GET", f"/{name}")

    assert answer.status == 200
    assert answer.headers["content-type"].split(";")[0] in {"text/css", "text/javascript", "image/svg+xml"}


def test_what_the_scripts_import_is_there() -> None:
    imported = {name for source in SOURCES.values() for name in re.findall(r'from "\./([^"]+)"', source)}

    assert imported
    assert imported <= set(FILES)


def test_nothing_is_put_into_the_page_as_html() -> None:
    scripts = "".join(source for name, source in SOURCES.items() if name.endswith(".js"))

    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", scripts)


def test_every_element_that_a_script_looks_for_is_there() -> None:
    scripts = "".join(source for name, source in SOURCES.items() if name.endswith(".js"))
    wanted = set(re.findall(r'part\("([^"]+)"\)', scripts))

    assert wanted
    assert wanted <= set(re.findall(r'id="([^"]+)"', SOURCES["index.html"]))


def test_every_field_has_a_label() -> None:
    page = SOURCES["index.html"]
    fields = set(re.findall(r'<(?:textarea|select|input)[^>]* id="([^"]+)"', page))
    labelled = set(re.findall(r'<label for="([^"]+)"', page)) | {"by-line"}  # Which stands in its label.

    assert fields == labelled


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours as WCAG 2.2 defines it."""

    def luminance(colour: str) -> float:
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        red, green, blue = (
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "ground", "least"),
    [
        ("ink", "panel", 4.5),
        ("soft", "panel", 4.5),
        ("soft", "ground", 4.5),
        ("accent", "panel", 4.5),
        ("accent", "ground", 4.5),
        ("problem", "panel", 4.5),
        ("on-accent", "accent", 4.5),
        ("bar", "panel", 3.0),
        ("line", "panel", 3.0),
    ],
)
def test_colours_have_enough_contrast(scheme: int, ink: str, ground: str, least: float) -> None:
    colours = re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", SOURCES["style.css"])
    half = len(colours) // 2
    named = dict(colours[scheme * half : (scheme + 1) * half])

    assert contrast(named[ink], named[ground]) >= least


def evaluate(expression: str, *, before: str = "") -> Any:
    """Return what an expression over the functions of tables.js and api.js gives in Node."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no Node.js to run the page's scripts in")
    script = (
        f'import * as tables from "{(FOLDER / "tables.js").as_uri()}";\n'
        f'import * as api from "{(FOLDER / "api.js").as_uri()}";\n{before}\n'
        f"try {{ console.log(JSON.stringify({expression})); }}\n"
        "catch (error) { console.log(JSON.stringify({ error: error.message })); }"
    )
    printed = subprocess.run(
        [node, "--no-warnings", "--input-type=module", "-e", script],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(printed.stdout)


def test_a_table_is_read_as_rfc_4180_says() -> None:
    contents = '\ufeffid,text\r\n1,"a, ""b""\nc"\r\n2,\r\n\r\n3,d'

    tables = evaluate(f"tables.readTable('a.csv', {json.dumps(contents)})")

    assert tables == {"names": ["id", "text"], "rows": [["1", 'a, "b"\nc'], ["2", ""], ["3", "d"]]}


def test_a_text_file_is_a_text_a_line() -> None:
    tables = evaluate("tables.readTable('a.txt', 'one, two\\r\\n\\nthree\\n')")

    assert tables == {"names": ["text"], "rows": [["one, two"], [""], ["three"]]}


@pytest.mark.parametrize(
    ("contents", "said"),
    [
        ("text\n", "The table has no row below its header row."),
        ("id,text\n1\n", "Row 2 has 1 cells, and there are 2 columns."),
        ('text\n"open\n', "A quoted cell is never closed: it begins in row 2."),
    ],
)
def test_a_wrong_table_is_refused_with_a_reason(contents: str, said: str) -> None:
    assert evaluate(f"tables.readTable('a.csv', {json.dumps(contents)})") == {"error": said}


LONE = "".join(f"m {row}{{}}ham\n" for row in range(20))
READINGS = {
    "lone.tsv": "text\tlabel\n" + LONE.replace("m 2{", '"m 2{').replace("m 5", 'm 5"').format(*["\t"] * 20),
    "lone.csv": "text,label\n" + LONE.replace("m 2{", '"m 2{').replace("m 5", 'm 5"').format(*[","] * 20),
    "unclosed.tsv": "text\tlabel\n" + LONE.replace("m 2{", '"m 2{').format(*["\t"] * 20),
    "several lines.csv": 'text,label\n"a, b\nc, d\ne",ham\nf,ham\ng,spam\nh,spam\n',
    "semicolons.csv": "text;label\nso, so;ham\nno;spam\n",
    "sep.csv": "sep=;\ntext;label\nso, so;ham\nno;spam\n",
    "bars.tsv": "text|label\nso, so|ham\nno|spam\n",
    "quoted sep.csv": '"sep=;"\ntext;label\nso, so;ham\nno;spam\n',
    "long sep.csv": "sep=,,,\ntext,label,,\nso,ham\nno,spam,,\n",
    "short rows.csv": "text,label,,\nso,ham\nno,spam,x,\n",
    "trailing.csv": "text,label\nso,ham,,\nno,spam,,\n",
    "repeated.csv": "text,label\nso,ham\ntext,label\nno,spam\n",
    "capitals.csv": 'text,label\nso,ham\nText,LABEL\nno,spam\n\ufeff"text",label\nyes,ham\n',
    "one column.csv": "text\nso\nText\nno\n",
    "classes.csv": "text,label\n" + "".join(f'"x {row}","ham"\n' for row in range(12)) + '"a\nb","eggs"\n',
    "swallowed.tsv": "text\tlabel\n" + LONE.format(*["\t"] * 20) + '"so\tspam\nno"\tspam\nye\tham\n',
    "bare.tsv": 'text\tlabel\n"so"\tham\nwell, no\tspam\nyes\tham\n"a"\tspam\n',
    "numbers.csv": 'label,text\n1,"so\n2,no"\n' + "".join(f"{row % 7},m {row}\n" for row in range(20)),
    "row numbers.csv": "text,label\n1,so,ham\n2,no,spam\n",
    "nameless.csv": "text,,label,\nso,x,ham,\nno,,spam,\n",
    "short sep.csv": "SEP=\ntext\tlabel\nso, so\tham\nno\tspam\n",
    "bars.psv": "text|label\nso; so|ham\nno|spam\n",
    "text after a quote.tsv": 'text\tlabel\n"so" she said\tham\nno\tspam\nyes\tham\nwell\tham\n',
}


@pytest.mark.parametrize("name", READINGS)
def test_the_page_reads_a_table_as_the_command_does(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(READINGS[name], encoding="utf-8", newline="")

    table = evaluate(f"tables.readTable({json.dumps(name)}, {json.dumps(READINGS[name])})")

    assert [dict(zip(table["names"], row, strict=True)) for row in table["rows"]] == [
        row.values for row in read_rows(path)
    ]


REFUSED = {
    "swallowed classes.csv": 'text,label\n"so,ham\nno",spam\nyes,ham\n',
    "another order.csv": "text,label\nso,ham\nLabel,Text\nspam,no\n",
    "text after a quote.csv": 'text,label\n"so" she said,ham\nno,spam\n',
}


@pytest.mark.parametrize("name", REFUSED)
def test_the_page_refuses_what_the_command_refuses(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(REFUSED[name], encoding="utf-8", newline="")
    with pytest.raises(DataError):
        list(read_rows(path))

    answer = evaluate(f"tables.readTable({json.dumps(name)}, {json.dumps(REFUSED[name])})")

    assert list(answer) == ["error"]


def test_the_page_knows_the_names_of_columns_of_texts_that_the_command_knows() -> None:
    assert evaluate("tables.TEXT_NAMES") == list(TEXT_NAMES)


@pytest.mark.parametrize(
    ("names", "number"), [(["id", "Tweet", "label"], 1), (["review", "text"], 1), (["a", "b"], 0)]
)
def test_the_texts_column_is_found_by_its_name(names: list[str], number: int) -> None:
    assert evaluate(f"tables.guessColumn({json.dumps(names)})") == number


def test_a_written_table_is_read_as_it_was() -> None:
    names, rows = ["a", "b"], [['x, "y"', "line\nend"], ["", "1.5"]]

    written = evaluate(f"tables.formatTable({json.dumps(names)}, {json.dumps(rows)})")

    assert evaluate(f"tables.readTable('a.csv', {json.dumps(written)})") == {"names": names, "rows": rows}


@pytest.mark.parametrize("names", [["a", "b"], ["a|b", "c;d"], ["|", ";", ",", "#"]])
def test_labels_are_separated_as_the_command_does(names: list[str]) -> None:
    separator = evaluate(f"tables.labelSeparator({json.dumps(names)})")

    assert separator == OutputLayout(names, multi_label=True).separator


def test_a_file_goes_in_parts_that_the_server_takes() -> None:
    texts = [["a"], [" "], ["bb"], ["x" * 11], ["cc"], ["dd"]]

    tables = evaluate(f"tables.parts({json.dumps(texts)}, {{ most: 2, characters: 10, bytes: 1000 }})")

    assert tables == [[0, 2], [4, 5]]


def test_a_pair_goes_if_both_texts_hold_something_and_fit_together() -> None:
    texts = [["a", "b"], ["a", " "], ["", "b"], ["x" * 6, "y" * 5], ["x" * 5, "y" * 5]]

    tables = evaluate(f"tables.parts({json.dumps(texts)}, {{ most: 9, characters: 10, bytes: 1000 }})")

    assert tables == [[0, 4]]


@pytest.mark.parametrize(
    ("names", "first", "number"),
    [
        (["text", "label", "text_pair"], 0, 2),
        (["id", "question", "answer"], 1, 2),
        (["answer", "question"], 1, 0),
    ],
)
def test_the_second_texts_column_is_named_so_or_stands_beside_the_first(
    names: list[str], first: int, number: int
) -> None:
    assert evaluate(f"tables.guessPairColumn({json.dumps(names)}, {first})") == number


def test_the_page_knows_how_many_texts_the_model_does_not_read_to_the_end(server: Running) -> None:
    to_server = (
        f"const ask = fetch; globalThis.fetch = (path, options) => ask('{server.url}/' + path, options);"
    )

    result = evaluate(f"await api.classify({json.dumps([['so ' * 9], ['short']])})", before=to_server)

    assert result["truncated"] == 1
    assert len(result["answers"]) == 2


def test_the_page_classifies_as_one_types(server: Running, tmp_path: Path) -> None:
    browser = find_chromium()
    if browser is None:
        pytest.skip("there is no Chromium to open the page in")
    # The text comes with the address, as nothing types here; the page's own code does the rest.
    dumped = subprocess.run(
        [
            *(browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}"),
            *("--virtual-time-budget=8000", "--dump-dom", f"{server.url}/#text=so%20happy%20today"),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout

    assert re.findall(r'<span class="label">(\w+)</span>', dumped)[:3]
    assert len(re.findall(r'class="word (?:for|against)"', dumped)) >= 3
    assert 'id="problem" class="problem" role="alert" hidden' in dumped
