"""The `rft` command. Each command imports what it needs when it runs, so `--help` stays fast."""

from __future__ import annotations

import sys
import traceback

from rft.cli import (  # noqa: F401 - importing them registers the commands
    check,
    compare,
    doctor,
    evaluate,
    export,
    grade,
    imports,
    judge,
    ready,
    report,
    serve,
    train,
    watch,
)
from rft.cli.app import app
from rft.errors import RftError


def main() -> None:
    """Entry point: errors become one sentence on stderr and an exit code."""
    try:
        app()
    except RftError as error:
        _fail(str(error), error.exit_code)
    except KeyboardInterrupt:
        _fail("stopped.", 130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except Exception as error:
        _fail(f"{type(error).__name__}: {error} (a defect of rft; --debug shows where)", 1)


def _fail(sentence: str, code: int) -> None:
    if "--debug" in sys.argv:
        traceback.print_exc()
    print(f"rft: {sentence}", file=sys.stderr)
    sys.exit(code)
