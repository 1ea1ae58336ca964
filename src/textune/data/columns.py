"""Which column holds the text, or which two hold pairs of texts, and which holds the label.

In: the names of a table's columns, and perhaps the name that the user chose. Out: the column, or a
`DataError` that lists all columns. Does not look into the columns.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence, Set
from dataclasses import asdict, dataclass, replace

from textune.data.label_columns import LabelColumn
from textune.errors import DataError
from textune.formats.registry import AS_USUAL, Reading
from textune.recipe.settings import DataSettings, LabelKindSetting
from textune.wording import listed

TEXT_NAMES = (
    "text", "sentence", "tweet", "content", "review", "comment", "message", "body", "post", "document",
    "utterance", "question", "input"
)  # fmt: skip
LABEL_NAMES = (
    "label", "labels", "category", "class", "target", "emotion", "sentiment", "intent", "topic", "y",
    "label_text", "label_name"
)  # fmt: skip

_FEW_COLUMNS = 3
_LABEL_COLUMNS_SHOWN = 10

_TEXT_OPTION = "--set data.text_column=NAME"
_PAIR_OPTION = "--set data.text_pair_column=NAME"
_LABEL_OPTION = "--set data.label_column=NAME"
_LABELS_OPTION = "--set data.label_columns=NAME,NAME"


ALL_SETTINGS = frozenset(DataSettings.model_fields)


@dataclass(frozen=True)
class ColumnChoice:
    """The columns of text, label and split (empty: detected by name), and how files are read.

    `labels` are columns of zeros and ones, one per label, instead of one column; `kind` says how many labels
    a text may have. `others` asks for the other columns as well; columns of verdicts turn rows down if it
    `reads_verdicts`. `remembered` are the names of the settings
    that are those of a run's own data: a column that one of them names counts only for files that have it.
    """

    text: str = ""
    label: str = ""
    others: bool = False
    reading: Reading = AS_USUAL
    remembered: Set[str] = frozenset()
    split: str = ""
    labels: tuple[str, ...] = ()
    kind: LabelKindSetting = "auto"
    other: str = ""
    reads_verdicts: bool = True

    @classmethod
    def of(
        cls, settings: DataSettings, *, others: bool = False, given: Set[str] = ALL_SETTINGS, other: str = ""
    ) -> ColumnChoice:
        """Return the choice that a recipe's settings describe, of which some were given for this source."""
        reading = Reading(settings.separator, settings.quoting, settings.header)
        text = settings.text_column
        if not isinstance(text, str):
            reading = replace(reading, joined=tuple(text), between=settings.text_separator or "\n")
            text = reading.joined_name
        if settings.text_pair_column:
            reading = replace(reading, pair=(text, settings.text_pair_column))
            text = reading.pair_name
        return cls(
            text,
            settings.label_column,
            others,
            reading,
            ALL_SETTINGS - given,
            settings.split_column,
            tuple(settings.label_columns),
            settings.label_kind,
            other,
            settings.verdicts == "auto",
        )

    def describe(self) -> str:
        """Return the text column, and what differs from how files are usually read."""
        changes = {
            name: value for name, value in asdict(self.reading).items() if value != getattr(AS_USUAL, name)
        }
        effective = {"text_column"} if self.text else set()
        effective |= {"text_pair_column"} if self.reading.pair else set()
        effective |= set() if self.reading.header else {"header"}
        if remembered := sorted(self.remembered & effective):
            changes["remembered"] = remembered
        return "; ".join([self.text, *(f"{name} = {value!r}" for name, value in changes.items())])

    def requested(self) -> ColumnChoice:
        """Return the choice without the settings that are remembered."""
        own = [name for name in ("separator", "quoting", "header") if name in self.remembered]
        text, forgets_pair = self.text, "text_pair_column" in self.remembered
        if forgets_pair:
            own.append("pair")
            text = self.reading.pair[0] if self.reading.pair else text
        if "text_column" in self.remembered and (forgets_pair or not self.reading.pair):
            own += ["joined", "between"]
            text = ""
        return ColumnChoice(
            text,
            "" if "label_column" in self.remembered else self.label,
            self.others,
            replace(self.reading, **{name: getattr(AS_USUAL, name) for name in own}),
            split="" if "split_column" in self.remembered else self.split,
            labels=() if "label_columns" in self.remembered else self.labels,
            kind=self.kind,
            other=self.other,
            reads_verdicts=self.reads_verdicts,
        )

    def columns_of_text(self, text: str) -> tuple[str, ...]:
        """Return the columns that are not beside the text: its own and, of pairs, those of both texts."""
        return (text, *self.reading.pair) if text == self.reading.pair_name else (text,)

    def for_columns(self, columns: Sequence[str], *, origin: str) -> ColumnChoice:
        """Return the choice without the remembered columns that are not there.

        Raise a `DataError` if only some of the columns are there that the run joins, or if a column of its
        pairs is missing.
        """
        self.check_parts(columns, origin=origin)
        own = self
        if not self.reading.pair and "text_column" in self.remembered and self.text not in columns:
            own = replace(own, text="", reading=replace(self.reading, joined=()))
        if "label_column" in self.remembered and self.label not in columns:
            own = replace(own, label="")
        if "label_columns" in self.remembered and not set(self.labels) & set(columns):
            own = replace(own, labels=())
        return own

    def check_parts(self, columns: Sequence[str], *, origin: str) -> None:
        """Raise a `DataError` if some, but not all of the columns are there that the run joins.

        A column of the run's pairs must be there in any case: a single text could not take their place.
        """
        if self.reading.pair and "text_pair_column" in self.remembered:
            _check_pair(self.reading, columns, origin=origin)
        missing = [name for name in self.reading.joined if name not in columns]
        if "text_column" in self.remembered and 0 < len(missing) < len(self.reading.joined):
            present = next(name for name in self.reading.joined if name in columns)
            raise DataError(
                f"{origin} has no column {listed_columns(missing)}, which the run joins with '{present}'. "
                f"Its columns are: {listed_columns(columns)}.",
                f"Add the column, or read '{present}' alone: {_TEXT_OPTION.replace('NAME', present)}",
            )

    def find(self, columns: Sequence[str], *, origin: str) -> tuple[str, LabelColumn, tuple[str, ...]]:
        """Return the columns of text and label, and a note about them unless they have these names.

        Raises:
            DataError: A chosen column does not exist, no column or several columns qualify, or both are the
                same.
        """
        own = self.for_columns(columns, origin=origin)
        text, joined = find_text_column(columns, own, origin=origin), own.reading.joined
        label = _find_label(columns, own, origin=origin)
        if both := {*label.columns} & {text, *own.reading.parts_of(text)}:
            raise DataError(
                f"The column {listed_columns(sorted(both))} is both the text and the label.",
                f"Name two columns: {_TEXT_OPTION} {_LABEL_OPTION}",
            )
        labels = listed([repr(name) for name in label.columns], most=_LABEL_COLUMNS_SHOWN)
        if pair := own.reading.pair:
            first, second = (f"'{name}'" for name in pair)
            return text, label, (f"Texts are pairs of {first} and {second}; labels are in {labels}.",)
        if joined:
            parts = " and ".join(f"'{name}'" for name in joined)
            between = f"with {self.reading.between!r} between them"
            return text, label, (f"Texts are the columns {parts}, {between}; labels are in {labels}.",)
        if (text, label.name) == ("text", "label"):
            return text, label, ()
        return text, label, (f"Texts are in the column '{text}', labels in {labels}.",)


def find_text_column(
    columns: Sequence[str], choice: ColumnChoice = ColumnChoice(), *, origin: str, option: str = _TEXT_OPTION
) -> str:
    """Return the column that holds the text: the chosen one, which `option` sets, or the one that qualifies.

    Raises:
        DataError: A chosen column does not exist or, without a choice, no column or several columns qualify.

    Example:
        >>> find_text_column(["id", "Tweet", "emotion"], origin="posts.csv")
        'Tweet'
    """
    reading = choice.reading
    options = dict.fromkeys((*reading.joined, *reading.pair[:1]), option)
    options |= dict.fromkeys(reading.pair[1:], _PAIR_OPTION)
    found = [
        _find("text", TEXT_NAMES, columns, origin=origin, name=name, option=option)
        for name, option in [*options.items(), (choice.text, option)]
    ]
    return found[-1]


def _find_label(columns: Sequence[str], choice: ColumnChoice, *, origin: str) -> LabelColumn:
    known, option = (LABEL_NAMES, _LABEL_OPTION) if not choice.labels else ((), _LABELS_OPTION)
    found = [
        _find("label", known, columns, origin=origin, name=name, option=option)
        for name in choice.labels or (choice.label,)
    ]
    return LabelColumn(", ".join(found), choice.labels)


def _check_pair(reading: Reading, columns: Sequence[str], *, origin: str) -> None:
    missing = [name for name in reading.parts_of(reading.pair_name) if name not in columns]
    if missing:
        first, second = (f"'{name}'" for name in reading.pair)
        own = [name for name in columns if name not in reading.made_names]
        raise DataError(
            f"{origin} has no column {listed_columns(missing)}, and the run classifies pairs of {first} and "
            f"{second}. Its columns are: {listed_columns(own) or 'none'}.",
            f"Name the columns of both texts: {_TEXT_OPTION} {_PAIR_OPTION}",
        )


def has_text_column(columns: Sequence[str]) -> bool:
    """Return whether one of the columns has a usual name for the text."""
    return any(column.strip().casefold() in TEXT_NAMES for column in columns)


def _find(
    what: str, known: Sequence[str], columns: Sequence[str], *, origin: str, name: str, option: str
) -> str:
    if name:
        if name in columns:
            return name
        nearest = difflib.get_close_matches(name, columns, n=1, cutoff=0.5)
        raise DataError(
            f"{origin} has no column '{name}'. Its columns are: {listed_columns(columns)}.",
            f"Did you mean '{nearest[0]}'?" if nearest else f"Choose one of these: {option}",
        )
    # A column called exactly `text` or `label` wins.
    if what in columns:
        return what
    candidates = [column for column in columns if column.strip().casefold() in known]
    if len(candidates) == 1:
        return candidates[0]
    if candidates:
        raise DataError(
            f"{origin} has several columns that could hold the {what}: {listed_columns(candidates)}.",
            f"Choose one: {option.replace('NAME', candidates[0])}",
        )
    several = f" If each label has a column of zeros and ones: {_LABELS_OPTION}"
    raise DataError(
        f"{origin} has no column with a usual name for the {what}. Its columns are: "
        f"{listed_columns(columns)}.",
        f"Choose the one that holds the {what}: {_example(what, columns, option)}"
        + (several if what == "label" and len(columns) > _FEW_COLUMNS else ""),
    )


def _example(what: str, columns: Sequence[str], option: str) -> str:
    """Return how to choose a column: with a number if they have no names."""
    numbers = [column for column in columns if column.isdecimal()]
    if len(numbers) > 1:
        return f"{option.replace('NAME', numbers[0])} if it is the first. The columns have numbers, no names."
    number = 1 if what == "text" else len(columns)
    return (
        f"{option}. If these are not names, the table has no header, and its columns have numbers: --set "
        f"data.header=false {option.replace('NAME', str(number))}, if it is number {number}."
    )


def listed_columns(columns: Sequence[str]) -> str:
    """Return column names for an error, abbreviated if there are many."""
    return listed([repr(column[:60]) for column in columns], most=30)
