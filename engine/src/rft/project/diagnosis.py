"""`Project.diagnose`: can this machine and these settings run the project? One answer per part."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rft import config
from rft.errors import RftError, install_hint
from rft.redaction import redact_url

if TYPE_CHECKING:
    from rft.config import Endpoint, Judge
    from rft.project import Project

LEAST_FREE_GB = 1.0


@dataclass(frozen=True)
class Diagnosis:
    """One part that was looked at. `ok` is False when it keeps the project from running."""

    part: str
    ok: bool
    text: str

    def __str__(self) -> str:
        return f"{self.part}: {self.text}"


def diagnose(project: Project) -> Iterator[Diagnosis]:
    """Look at Python, disk, endpoint, model and judge, one after the other."""
    system = f"{platform.system()} {platform.machine()}"
    yield Diagnosis("python", True, f"{platform.python_version()} on {system}")
    yield _disk(project)
    yield from _endpoint(project)
    yield from _judge(project)


def _disk(project: Project) -> Diagnosis:
    free = shutil.disk_usage(project.root).free / 1e9
    if not os.access(project.root, os.W_OK):
        return Diagnosis("disk", False, f"{project.root} cannot be written; change its permissions")
    if free < LEAST_FREE_GB:
        return Diagnosis("disk", False, f"only {free:.1f} GB free here; make room for runs")
    return Diagnosis("disk", True, f"{free:.0f} GB free here")


def _endpoint(project: Project) -> Iterator[Diagnosis]:
    endpoint = project.settings.endpoint
    if endpoint.profile == "local":
        yield _local_model(project)
    else:
        yield _remote("endpoint", endpoint, project.settings.models.get("base", ""))


def _local_model(project: Project) -> Diagnosis:
    from rft.local.model import gguf_path
    from rft.local.server import plan_servers

    if importlib.util.find_spec("xllamacpp") is None:
        return Diagnosis("endpoint", False, f"it needs the 'local' extra; {install_hint('local')}")
    try:
        path = gguf_path(project.settings.model_id("base"), project.root)
    except RftError as error:
        return Diagnosis("endpoint", False, str(error))
    size, threads = path.stat().st_size, project.settings.endpoint.threads
    plan = plan_servers(size, items=64, most=64, threads=threads)
    return Diagnosis(
        "endpoint",
        True,
        f"local, {path.name} ({size / 1e6:,.0f} MB), served {plan.servers} times with "
        f"{plan.threads} {'thread' if plan.threads == 1 else 'threads'}",
    )


def _remote(part: str, section: Endpoint | Judge, model: str) -> Diagnosis:
    """Ask for the list of models; whether the model is on it is advice, not a condition."""
    from rft.endpoint import fault_of, sync_client

    try:
        url, key = config.base_url(section), config.api_key(section)
        client = sync_client(url, key, max_retries=1, timeout_s=15)
    except RftError as error:
        return Diagnosis(part, False, str(error))
    shown = f"{section.profile}, {redact_url(url)}"
    with client:
        try:
            known = [str(entry.id) for entry in client.models.list().data]
        except Exception as error:
            fault = fault_of(error, client)
            if fault and fault.kind in ("key", "unreachable"):
                text = (
                    f"{shown} does not accept the key" if fault.kind == "key" else str(fault.said)
                )
                return Diagnosis(part, False, f"{text}; see base_url and the key in .env")
            return Diagnosis(part, True, f"{shown} answers; it has no list of models")
    if not model:
        return Diagnosis(part, False, f"{shown} answers, but no model is named in rft.toml")
    if known and model not in known:
        names = ", ".join(known[:5])
        return Diagnosis(
            part, True, f"{shown} answers; '{model}' is not on its list ({names}, ...)"
        )
    return Diagnosis(part, True, f"{shown} answers; model {model}")


def _judge(project: Project) -> Iterator[Diagnosis]:
    from rft import graders

    try:
        asks = graders.model_graders(project.grader_spec)
    except RftError as error:
        yield Diagnosis("grader", False, str(error))
        return
    judge = project.settings.judge
    if not asks:
        yield Diagnosis("judge", True, "the grader asks no model")
    elif judge is None:
        needed = graders.needs_judge(project.grader_spec)
        text = "no [judge] in rft.toml" + (
            ", and no reward can be computed without one" if needed else "; its parts are left out"
        )
        yield Diagnosis("judge", not needed, text)
    elif judge.profile == "local":
        yield Diagnosis("judge", True, "local, the embedded model: examine it with rft judge")
    else:
        model = judge.model or next(iter(asks.values())).model
        yield _remote("judge", judge, model)


def platform_note() -> str:
    """What is weaker about the sandbox on this system; empty on Linux."""
    if sys.platform.startswith("linux"):
        return ""
    return (
        "On this system WebAssembly is the only wall (no second lock around its process, no limit "
        "on that process's own memory), and no native tier exists: code that needs numpy or other "
        "native packages is graded on Linux only."
    )
