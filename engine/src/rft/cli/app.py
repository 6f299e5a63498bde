"""The Typer application, and what every command needs: the project and a terminal."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from rft.project import Project

app = typer.Typer(
    name="rft",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Reinforcement fine-tuning, evidence first: check, eval, ready, then train.",
    epilog="Exit codes: 0 all is well, 1 a check failed, 2 your mistake, 3 the endpoint, network "
    "or disk failed.",
)


@dataclass(frozen=True)
class ProjectOptions:
    """The options that stand before the command."""

    root: Path
    settings: Path


def open_project(context: typer.Context) -> Project:
    """The project that the command line names."""
    from rft.project import Project

    options: ProjectOptions = context.find_root().obj
    return Project.open(options.root, options.settings)


def terminal(*, stderr: bool = False) -> Console:
    """A console that prints what it is given: no markup, which a model or vendor could write."""
    from rich.console import Console

    return Console(markup=False, highlight=False, stderr=stderr)


def _version(wanted: bool) -> None:
    if wanted:
        from rft import __version__

        print(f"rft {__version__}")
        raise typer.Exit


@app.callback()
def common(
    context: typer.Context,
    project: Annotated[Path, typer.Option(help="The project's folder.")] = Path(),
    settings: Annotated[Path, typer.Option(help="Another settings file of the project.")] = Path(
        "rft.toml"
    ),
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Remember what stands before the command; `main` reads --debug itself."""
    context.obj = ProjectOptions(project, settings)
