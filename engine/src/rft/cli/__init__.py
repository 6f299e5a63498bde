"""The `rft` command. Each command imports what it needs when it runs, so `--help` stays fast."""

from __future__ import annotations

import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rft.errors import RftError

if TYPE_CHECKING:
    from rich.console import Console

app = typer.Typer(
    name="rft",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Reinforcement fine-tuning, evidence first: check, eval, ready, then train.",
    epilog="Exit codes: 0 fine, 1 a check failed, 2 your mistake, 3 the world outside failed.",
)


@dataclass
class Options:
    """The options that stand before the command."""

    root: Path = Path()
    settings: Path = Path("rft.toml")
    debug: bool = False


options = Options()


def _version(wanted: bool) -> None:
    if wanted:
        from rft import __version__

        print(f"rft {__version__}")
        raise typer.Exit


def terminal(*, stderr: bool = False) -> Console:
    """A console that prints what it is given: no markup, which a model or vendor could write."""
    from rich.console import Console

    return Console(markup=False, highlight=False, stderr=stderr)


@app.callback()
def common(
    project: Annotated[Path, typer.Option(help="The project's folder.")] = Path(),
    settings: Annotated[
        Path, typer.Option(help="Another settings file of the project.")
    ] = options.settings,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Remember what stands before the command."""
    options.root, options.settings, options.debug = project, settings, debug


def main() -> None:
    """Entry point: errors become one sentence on stderr and an exit code."""
    # Importing them registers the commands.
    from rft.cli import (  # noqa: F401
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
    if options.debug:
        traceback.print_exc()
    print(f"rft: {sentence}", file=sys.stderr)
    sys.exit(code)
