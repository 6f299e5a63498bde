"""What can go wrong, by whose fault it is. The message is one whole sentence for people."""


class RftError(Exception):
    """Base of every error the command line reports as a sentence instead of a traceback."""

    exit_code = 2


class UserError(RftError):
    """The user's mistake: a bad file, setting or argument. The message names the remedy."""

    exit_code = 2


class CheckError(RftError):
    """A check of the project failed, for example a probe that scores what it must not."""

    exit_code = 1


class OutsideError(RftError):
    """The world outside failed: network, vendor, disk. Nothing was scored; run it again."""

    exit_code = 3
