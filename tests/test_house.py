"""The house: one name per thing, rooms of a reasonable size, no import cycles, and one public surface.

The lists of exceptions only shrink: an entry that is no longer needed fails as well.
"""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib import import_module

import grimp
import pytest

import textune
from conftest import REPOSITORY
from test_architecture import SOURCES, modules_after

PACKAGE = REPOSITORY / "src" / "textune"
FILES = {path.relative_to(PACKAGE).as_posix(): path.read_text(encoding="utf-8") for path in SOURCES}

TESTS = REPOSITORY / "tests"

OTHER_PROCESSES = {"on_tensorflow", "on_processors"}
"""Folders of tests that need another environment or processor; all others are those of rooms."""

SAME_NAMES: set[str] = set()
"""Public functions, classes, constants and aliases of the same name in two rooms: to be renamed."""

SAME_FILES = {
    "cache.py": "the command `textune cache`, and the cache of the encoder that it lists and clears",
    "recipes.py": "the command `textune recipes`, and the recipes that it lists and prints",
    "method.py": "the protocol of a method of training, and Keras's method",
    "registry.py": "what a room's registry is called in every room that has one",
}
"""File names that occur twice, and what they are."""

CIRCLES: set[frozenset[str]] = set()
"""Files that import each other: to be untied."""

DECIDERS = {
    "encoder/suffix.py": "the softmax of attention, which is over tokens: no label depends on its meaning",
    "encoder/window_pooling.py": "the softmax of attention, which is over the windows of a text",
    "keras/engine.py": "the loss that Keras compiles into its own graph; torch's cannot be used there",
}
"""Files outside `tasks/` that name softmax, sigmoid, argmax or cross-entropy, and why they may."""

DECISIONS = re.compile(r"softmax|sigmoid|argmax|logsumexp|cross_?entropy|nll_?loss|bce", re.IGNORECASE)


@cache
def trees() -> dict[str, ast.Module]:
    """The files, parsed: not while tests are collected, which every process does."""
    return {name: ast.parse(text) for name, text in FILES.items()}


def room_of(name: str) -> str:
    return name.split("/")[0].removesuffix(".py")


def is_of_a_command(name: str) -> bool:
    """Return whether a file is a command's own: of that name in both `commands/` and `cli/`."""
    room, _, file = name.partition("/")
    return room in ("commands", "cli") and {f"commands/{file}", f"cli/{file}"} <= FILES.keys()


def public_names(tree: ast.Module) -> Iterator[str]:
    """Yield what a file's public functions, classes, constants and aliases are called; not its methods."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names = {node.name}
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = {part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)}
        else:
            names = set()
        yield from (name for name in names if not name.startswith("_"))


def words_in_code(tree: ast.Module) -> Iterator[str]:
    """Yield every name that a file's code uses; not those in comments and texts."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.alias):
            yield node.name.rpartition(".")[2]


def writes_out_softmax(tree: ast.Module) -> bool:
    """Return whether code takes exp of a difference from a maximum, as softmax does."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in {"exp", "exp2"}:
            differences = [part for part in node.args if isinstance(part, ast.BinOp)]
            if any(re.search(r"\bmax\(|\bamax\(", ast.unparse(part.right)) for part in differences):
                return True
    return False


def knows_decisions(tree: ast.Module) -> bool:
    """Return whether code names a decision function, or writes softmax out by hand."""
    return any(map(DECISIONS.search, words_in_code(tree))) or writes_out_softmax(tree)


@cache
def imports() -> grimp.ImportGraph:
    """Return which file imports which, those inside functions included."""
    return grimp.build_graph("textune", cache_dir=None)


def circles() -> set[frozenset[str]]:
    """Return the sets of files that import each other; taken apart one by one."""
    graph = {name: imports().find_modules_directly_imported_by(name) for name in imports().modules}
    untied: set[frozenset[str]] = set()
    while True:
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            circle = error.args[1]
            untied.add(frozenset(circle))
            # The circle goes through its first file no more.
            graph[circle[1]] = graph[circle[1]] - {circle[0]}
        else:
            return untied


def test_no_public_name_is_in_two_rooms() -> None:
    rooms: defaultdict[str, set[str]] = defaultdict(set)
    for name, tree in trees().items():
        for public in public_names(tree):
            rooms[public].add(name.rpartition("/")[2] if is_of_a_command(name) else room_of(name))

    assert {public for public, of in rooms.items() if len(of) > 1} == SAME_NAMES


def test_no_file_name_occurs_twice() -> None:
    counts = Counter(name.rpartition("/")[2] for name in FILES if not is_of_a_command(name))

    assert {name for name, count in counts.items() if count > 1} - {"__init__.py"} == SAME_FILES.keys()


def test_only_commands_take_offline_and_observer_and_all_else_takes_the_context() -> None:
    taking = {
        name
        for name, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.arg) and node.arg in ("offline", "observer")
    }

    assert {name for name in taking if room_of(name) not in ("cli", "commands")} == {"context.py"}


def test_no_room_holds_more_than_an_eighth_of_the_lines() -> None:
    lines: Counter[str] = Counter()
    for name, text in FILES.items():
        lines[room_of(name)] += len(text.splitlines())

    assert [room for room, count in lines.items() if count > lines.total() / 8] == []


def test_nine_in_ten_files_have_at_most_300_lines_and_none_has_more_than_500() -> None:
    lines = sorted(len(text.splitlines()) for text in FILES.values())

    assert lines[len(lines) * 9 // 10] <= 300
    assert lines[-1] <= 500


def test_a_test_file_in_a_rooms_folder_is_named_after_what_it_tests_there() -> None:
    nameless = []
    for path in sorted(TESTS.glob("*/**/test_*.py")):
        folder, name = path.parent.relative_to(TESTS), path.stem.removeprefix("test_")
        modules = {module.stem for module in (PACKAGE / folder).glob("*")}
        if folder.parts[0] not in OTHER_PROCESSES and not any(
            name == module or name.startswith(f"{module}_") for module in modules
        ):
            nameless.append(str(path.relative_to(TESTS)))

    assert nameless == []


def test_no_command_has_more_than_120_lines() -> None:
    commands = {name: text for name, text in FILES.items() if room_of(name) == "commands"}

    assert [name for name, text in commands.items() if len(text.splitlines()) > 120] == []


def test_no_files_import_each_other_in_a_circle() -> None:
    assert circles() == CIRCLES


def test_only_tasks_know_softmax_argmax_and_cross_entropy() -> None:
    knowing = {name for name, tree in trees().items() if knows_decisions(tree)}

    assert {name for name in knowing if room_of(name) != "tasks"} == DECIDERS.keys()


@pytest.mark.parametrize(
    "code",
    [
        "from torch.nn import BCEWithLogitsLoss",
        "torch.nn.NLLLoss()",
        "keras.losses.CategoricalCrossentropy()",
        "logits.log_softmax(dim=-1)",
        "np.exp(logits - logits.max(axis=1, keepdims=True))",
        "math.exp(x - max(xs))",
    ],
)
def test_a_decision_is_recognised_by_any_of_its_names_and_written_out(code: str) -> None:
    assert knows_decisions(ast.parse(code))


@pytest.mark.parametrize("room", ["prediction", "runtimes"])
def test_what_runs_an_export_is_imported_without_torch(room: str) -> None:
    code = (
        "import pkgutil\nfrom importlib import import_module\n"
        f"for module in pkgutil.iter_modules(import_module('textune.{room}').__path__):\n"
        f"    import_module(f'textune.{room}.{{module.name}}')"
    )

    assert "torch" not in modules_after(code)


def test_every_public_name_can_be_imported() -> None:
    assert [name for name in textune.__all__ if not callable(getattr(textune, name))] == []


def test_type_checkers_see_the_public_names_at_their_homes() -> None:
    (block,) = (node for node in trees()["__init__.py"].body if isinstance(node, ast.If))
    seen = {
        alias.name: f"{node.module}:{alias.name}"
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    seen["load"], seen["predict"] = seen.pop("load_predictor"), seen.pop("predict_texts")

    assert seen == textune._HOMES


def test_a_public_function_wins_over_the_room_of_its_name() -> None:
    import_module("textune.report.page")

    assert textune.report is import_module("textune.commands.report").report
