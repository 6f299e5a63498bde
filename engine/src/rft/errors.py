"""What can go wrong, by whose fault it is. The message is one whole sentence for people."""

from __future__ import annotations

from rft.redaction import redact_keys


class RftError(Exception):
    """Base of every error the command line reports as a sentence instead of a traceback.

    The message never holds a key, whatever it quotes.
    """

    exit_code = 2

    def __init__(self, message: str = "") -> None:
        super().__init__(redact_keys(message))


class UserError(RftError):
    """The user's mistake: a bad file, setting or argument. The message names the remedy."""

    exit_code = 2


class CheckError(RftError):
    """A check of the project failed, for example a probe that scores what it must not."""

    exit_code = 1


class LimitReachedError(RftError):
    """A limit on time or money of rft.toml was reached; the message says what is kept."""

    exit_code = 1


class StoppedError(RftError):
    """Somebody pressed Ctrl-C; the message says what is kept."""

    exit_code = 130


class OutsideError(RftError):
    """The endpoint, network or disk failed. Nothing was scored; the command can be run again."""

    exit_code = 3


def install_hint(extra: str) -> str:
    """Advice for a message: how to install an extra of the project."""
    return f"run `pip install --find-links vendor -c constraints.txt -e '.[{extra}]'`"
