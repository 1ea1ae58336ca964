"""A neutral benchmark: any sources, textune's recipes and other tools, one scoring for all.

Each cell of the table, a contestant on a source with a seed, is a process of its own, and has its command.
Results are stored as they come: a suite that was stopped resumes, and a cell whose command, rows, code or
versions have changed is filled again. No contestant chooses anything by test.

    python benchmarks/suite.py DATA ... [--recipes frozen full] [--peers tfidf sentence ...] [--seeds 0 1 2]
                               [--only DATA/CONTESTANT/SEED ...] [--commands] [--show] [--cell-minutes 30]

DATA is a source as `textune train --data` takes it, with its settings behind it in the same argument:
"questions.json data.text_column=1 data.label_column=2 name=questions". docs/how-to/suite.md says more.
"""

from __future__ import annotations

import argparse
import fnmatch
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from suite_parts.cells import MEASURED, Cell, fill
from suite_parts.contestants import PEERS, REPOSITORY, Contestant, Place, recipe_contestant
from suite_parts.contestants import written as written_command
from suite_parts.picture import draw
from suite_parts.scores import Standing, pooled, standing_of
from suite_parts.sources import Data, load_data, parse_source, with_tasks
from suite_parts.table import Section, circumstances, explain, write_table
from textune.context import Context
from textune.encoder.loading import find_model
from textune.errors import TextuneError
from textune.files import write_text

DEFAULT_PEERS = ("tfidf", "sentence", "model2vec", "autointent", "setfit", "trainer")


def main(arguments: Sequence[str] | None = None) -> int:
    """Fill the cells and print the table; return 1 if a source or a cell failed, 130 if stopped, else 0."""
    options = read_options(arguments)
    try:
        place = find_place(options)
    except TextuneError as error:
        say(str(error))
        return 2
    sources, wrong = read_sources(options, place)
    contestants = [*map(recipe_contestant, options.recipes), *(PEERS[name] for name in options.peers)]
    cells = [
        Cell(data, contestant, seed, place)
        for contestant in contestants
        for data in sources
        for seed in (options.seeds if contestant.seeded else options.seeds[:1])
    ]
    wanted = [cell for cell in cells if not options.only or is_named(cell, options.only)]
    if options.only and not wanted:
        say(f"No cell is called {' or '.join(options.only)}: they are DATA/CONTESTANT/SEED.")
        return 2
    possible = [cell for cell in wanted if not cell.reason_against]
    if options.commands:
        print("\n".join(written_command(cell.command) for cell in possible))
        return 0
    try:
        with signals_as_interrupts():
            failed = 0 if options.show else fill_cells(possible, options)
    except KeyboardInterrupt:
        say("Stopped. The same command goes on from here.")
        return 130
    sections = list(read_sections(sources, contestants, cells))
    if sections:
        print_table(sections, options)
    return int(bool(wrong or failed))


@contextmanager
def signals_as_interrupts() -> Iterator[None]:
    """Let `kill` and a closed terminal do what Ctrl-C does, which ends the process of the cell as well."""
    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = [signal.signal(number, signal.default_int_handler) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def read_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", nargs="+", metavar="DATA")
    parser.add_argument(
        "--recipes", nargs="*", default=["frozen", "full"], help="recipes of textune, or files"
    )
    parser.add_argument("--peers", nargs="*", default=list(DEFAULT_PEERS), choices=list(PEERS))
    parser.add_argument("--model", default="embedded:minilm", help="the encoder of all contestants")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument(
        "--split-seeds", nargs="+", type=int, default=[0], help="for sources whose splits textune makes"
    )
    parser.add_argument("--only", nargs="+", default=[], help="cells to fill; * stands for anything")
    parser.add_argument("--commands", action="store_true", help="print the cells' commands, run none")
    parser.add_argument("--show", action="store_true", help="print what is stored, run nothing")
    parser.add_argument("--cell-minutes", type=float, default=30.0, help="when a cell is stopped")
    parser.add_argument("--against", default="", help="the contestant with which others are compared")
    parser.add_argument("--table", type=Path, help="a file for the table, too")
    parser.add_argument("--picture", type=Path, help="an SVG file: scores over CPU seconds")
    parser.add_argument("--store", type=Path, default=REPOSITORY / ".bench" / "suite")
    parser.add_argument("--environments", type=Path, default=REPOSITORY / ".bench")
    options = parser.parse_args(arguments)
    options.against = options.against or (options.recipes[-1:] or options.peers[-1:] or [""])[0]
    return options


def find_place(options: argparse.Namespace) -> Place:
    """Return where the suite works, with a link to the encoder's files that commands can name."""
    folder = find_model(options.model, ctx=Context()).path
    link = options.store / "models" / options.model.replace(":", "-").replace("/", "-").lstrip("-.")
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(os.path.abspath(folder))  # noqa: PTH100 - not the links behind it.
    return Place(options.store, options.environments, options.model, link)


def read_sources(options: argparse.Namespace, place: Place) -> tuple[list[Data], int]:
    """Return the data sets that can be read, and the number of sources that cannot, each with a message."""
    loaded: list[Data] = []
    wrong = 0
    for argument in options.data:
        try:
            for source in with_tasks([parse_source(argument)]):
                new = load_data(source, place.store, split_seeds=options.split_seeds, ctx=Context())
                taken = {data.name for data in loaded} & {data.name for data in new}
                if taken:
                    raise ValueError(f"{taken.pop()} is the name of another source, too: add name=NAME.")
                for data in new:
                    say("\n  ".join([f"{data.name}: {sizes(data)}", *data.dataset.notes]))
                loaded += new
        except Exception as error:  # One odd source must not end the others.
            wrong += 1
            say(f"{argument} is left out. {error}")
    return loaded, wrong


def sizes(data: Data) -> str:
    """Return how many rows a data set has in each split."""
    return ", ".join(f"{len(rows):,} {split}" for split, rows in data.dataset.items())


def is_named(cell: Cell, patterns: Sequence[str]) -> bool:
    """Return whether a cell is one of those that patterns name; `DATA` alone stands for `DATA/*`."""
    return any(
        fnmatch.fnmatchcase(cell.name, pattern) or fnmatch.fnmatchcase(cell.name, f"{pattern}/*")
        for pattern in patterns
    )


def fill_cells(cells: Sequence[Cell], options: argparse.Namespace) -> int:
    """Fill the cells that have no current result, the cheap ones first; return how many failed."""
    failed = 0
    ordered = sorted(cells, key=lambda cell: (cell.contestant.slow, cell.seed))
    for number, cell in enumerate(ordered, 1):
        record = cell.record()
        again = bool(options.only) and record is not None and record["outcome"] != MEASURED
        if not cell.is_filled(options.cell_minutes) or again:
            say(f"{cell.name} ... ({number} of {len(ordered)}, for at most {options.cell_minutes:g} minutes)")
            record = fill(cell, minutes=options.cell_minutes)
            seconds = record["seconds"]
            times = f"{seconds['whole']:.1f} s, {seconds['cpu']:.1f} s of CPU"
            say(f"{cell.name}: {record['message'] or record['outcome']}, {times}")
        assert record is not None
        failed += record["outcome"] == "failed"
    return failed


def read_sections(
    sources: Sequence[Data], contestants: Sequence[Contestant], cells: Sequence[Cell]
) -> list[Section]:
    """Return the sections of the table; data sets that count together have one more at their end."""
    sections: list[Section] = []
    together: dict[str, list[tuple[Data, list[Standing]]]] = {}
    for data in sources:
        standings = [
            standing_of([cell for cell in cells if (cell.data, cell.contestant) == (data, each)], data.metric)
            for each in contestants
        ]
        sections.append(Section(data.name, data.metric, len(data.test), standings))
        if data.pooled:
            together.setdefault(data.pooled, []).append((data, standings))
    for name, parts in together.items():
        if len(parts) > 1:
            metric = parts[0][0].metric
            joined = [pooled(each, metric) for each in zip(*(part for _, part in parts), strict=True)]
            rows = sum(len(data.test) for data, _ in parts)
            sections.append(Section(f"{name}, {len(parts)} targets together", metric, rows, joined))
    return sections


def print_table(sections: Sequence[Section], options: argparse.Namespace) -> None:
    """Print the table and what stands under it, and write the files that were asked for."""
    table = write_table(sections, options.against)
    records = [record for section in sections for each in section.standings for record in each.records]
    measured = [record for record in records if "machine" in record]
    text = "\n\n".join([*([circumstances(measured)] if measured else []), table, explain(sections)])
    print(text)
    if options.table:
        write_text(options.table, f"{text}\n")
    if options.picture and (picture := draw(sections)):
        write_text(options.picture, picture)


def say(text: str) -> None:
    """Write a line for whoever waits."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
