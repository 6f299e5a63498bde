"""The `rft` command. Each command imports what it needs when it runs, so `--help` stays fast."""

from __future__ import annotations

import io
import sys
import traceback

from rft.cli import (  # noqa: F401 - importing them registers the commands
    card,
    check,
    compare,
    doctor,
    evaluate,
    export,
    export_rows,
    grade,
    import_run,
    imports,
    judge,
    pack,
    ready,
    report,
    review,
    serve,
    split,
    train,
    watch,
)
from rft.cli.app import app
from rft.errors import RftError
from rft.redaction import redact_keys


def main() -> None:
    """Entry point: errors become one sentence on stderr and an exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal may know fewer characters than rows
            stream.reconfigure(errors="replace")
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
        _fail(f"{type(error).__name__}: {error} (an error in rft; --debug shows where)", 1)


def _fail(sentence: str, code: int) -> None:
    if "--debug" in sys.argv:
        print(redact_keys(traceback.format_exc()), file=sys.stderr)
    print(f"rft: {redact_keys(sentence)}", file=sys.stderr)
    sys.exit(code)
