"""What the template's files need beyond Jinja: the template's location, and answers as data.

Cookiecutter imports this module from the template's root (`_extensions` in cookiecutter.json).
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import unicodedata
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from types import FrameType

from jinja2 import Environment
from jinja2.ext import Extension

ROOT = Path(__file__).resolve().parent
SETTINGS = json.loads((ROOT / "cookiecutter.json").read_text(encoding="utf-8"))
SLUG = re.compile(r"[a-z]([a-z0-9_-]{0,58}[a-z0-9])?")
WINDOWS_RESERVED = re.compile(r"con|prn|aux|nul|(com|lpt)[0-9]")
PINNED = (ROOT / "{{cookiecutter.project_slug}}" / "constraints.txt").read_text(encoding="utf-8")
METADATA = (ROOT / "engine" / "pyproject.toml").read_text(encoding="utf-8")
ENGINE_VERSION = re.findall(r'^version = "([^"]+)"', METADATA, re.M)[0]
# A project with the name of a package that it installs could not be installed.
TAKEN = {name.lower().replace("_", "-") for name in re.findall(r"^([\w-]+)==", PINNED, re.M)}
TAKEN |= {"rft-engine", "rft"}
FOLDER = "{{cookiecutter.project_slug}}"
ONE_LINE = ("project_name", "description", "author")


def literal(value: str) -> str:
    """The string as a quoted literal that TOML, JSON and Python all read back unchanged."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def markdown(value: str) -> str:
    """The string as Markdown text: characters that would start markup are escaped."""
    return re.sub(r"[\\`*\[\]<>|&~$!#]|(?<!\w)_|_(?!\w)", r"\\\g<0>", value)


def slug(name: str) -> str:
    """A folder and package name made from any project name, in any script."""
    from slugify import slugify

    text = re.sub("['\u2019]", "", name)
    made = re.sub(r"^[^a-z]+", "", slugify(text))[:60].rstrip("-")
    if not made:
        return "rft-project"
    return f"rft-{made}"[:60].rstrip("-") if _reserved(made) else made


def _reserved(name: str) -> bool:
    return bool(WINDOWS_RESERVED.fullmatch(name)) or name.replace("_", "-") in TAKEN


def use_case(answers: Mapping[str, object]) -> str:
    """The folder below templates/ that these answers choose."""
    # Older versions asked a second question; old replays, projects and scripts hold its answer.
    if answers["use_case"] == "code-gen" and answers.get("code_gen_task") == "code-exec":
        return "code-exec"
    return str(answers["use_case"])


def given_answers() -> Mapping[str, object]:
    """The answers this bake was started with, including those to questions no longer asked.

    Cookiecutter drops these before the template sees them, so they are read from its caller or
    from cruft's; both call them extra_context.
    """
    frame: FrameType | None = sys._getframe()
    while frame:
        given = frame.f_locals.get("extra_context")
        if isinstance(given, Mapping):
            return given
        frame = frame.f_back
    return {}


def default_author() -> str:
    """The user's name from git's settings, or "The authors" if there is none."""
    try:
        command = ["git", "config", "--global", "--get", "user.name"]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=5)
    except (OSError, subprocess.SubprocessError, UnicodeError):
        return "The authors"
    return " ".join(done.stdout.split()) or "The authors"


def refusal(answers: Mapping[str, object]) -> str | None:
    """Why the answers so far cannot make a project, in one sentence; None if they can."""
    if sys.version_info < (3, 11):  # noqa: UP036
        return f"This template needs Python 3.11 or newer; this is {sys.version.split()[0]}."
    for key in ONE_LINE:
        if any(
            unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in str(answers.get(key, ""))
        ):
            return f"{key} must be one line without control characters; type it again as one line."
    if not str(answers["project_name"]).strip():
        return "project_name is empty; give the project a name."
    name = str(answers.get("project_slug", "x"))
    if not SLUG.fullmatch(name):
        return (
            f"project_slug {name!r} cannot be a folder and package name; use up to 60 of a-z, "
            "0-9, '-' and '_', a letter first, a letter or digit last."
        )
    if _reserved(name):
        return (
            f"project_slug {name!r} is the name of a package that the project installs, or of a "
            "device on Windows; choose another name."
        )
    if answers["use_case"] not in SETTINGS["use_case"]:
        return f"use_case {answers['use_case']!r} is not one of this template's use cases."
    if answers.get("code_gen_task", "bindings") not in ("bindings", "code-exec"):
        return f"code_gen_task {answers['code_gen_task']!r} is neither bindings nor code-exec."
    return None


def checked_slug(answers: MutableMapping[str, object]) -> str:
    """The project's folder; an error if the answers (in a replay) cannot make a project."""
    checked(answers)
    return str(answers["project_slug"])


def checked(answers: MutableMapping[str, object]) -> str:
    """'yes', or an error that stops cookiecutter before it has written anything."""
    from click import ClickException

    kept = {key: value for key, value in given_answers().items() if key == "code_gen_task"}
    sentence = refusal({**answers, **kept})
    if sentence:
        raise ClickException(sentence)
    answers["use_case"] = use_case({**answers, **kept})
    return "yes"


def _refuse_old_cookiecutter() -> None:
    """Stop before anything is written; older versions find the shared templates too late."""
    from cookiecutter import __version__

    if tuple(map(int, re.findall(r"\d+", __version__)[:2])) < (2, 3):
        from click import ClickException

        raise ClickException(
            f"this template needs cookiecutter 2.3 or newer, and this is {__version__}; upgrade it "
            "with: pip install --upgrade cookiecutter"
        )


class RftTemplate(Extension):
    """Adds `template_root` and the filters above, and keeps answers from being run as templates."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        _refuse_old_cookiecutter()
        environment.globals |= {
            "template_root": str(ROOT),
            "engine_version": ENGINE_VERSION,
            "default_author": default_author,
        }
        environment.filters |= {
            "literal": literal,
            "markdown": markdown,
            "use_case": use_case,
            "slug": slug,
            "checked": checked,
            "checked_slug": checked_slug,
        }
        hooks = (ROOT / "hooks").glob("*.py")
        self.own = {value for value in SETTINGS.values() if isinstance(value, str)}
        self.own |= {hook.read_text(encoding="utf-8") for hook in hooks}
        # Two versions of the template may be used in one process (cruft update): import each again.
        sys.modules.pop(__name__, None)

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """Turn an answer that looks like a template into plain text.

        Cookiecutter renders the value of `key=value`, so an answer could run code. Files have a
        name; text without one is this template's own, a path inside the project, or an answer.
        """
        if source == FOLDER:  # in every flow, this is written first
            return "{{ cookiecutter | checked_slug }}"
        path = source.replace(FOLDER, "")
        if name or source in self.own or "{" not in path:
            return source
        return "{{ " + literal(source) + " }}"
