"""The process that runs python and local graders; started by pool.py, it imports nothing of ours.

Protocol, one JSON object per line. First the set-up comes in (see `main`) and {"ready": true} goes
out. Then for each {"key", "sample", "item"}: one of {"reward": float, "more": bool}, {"error":
sentence} (the grader's fault) or {"down": sentence} (this place cannot run it); after "more" a
second line {"parts": {name: float}, "error": sentence or null} follows, so that a failing explain()
cannot cost the reward. Lines go over copies of the two pipes made before the grader is loaded: its
own standard streams lead to nowhere, so what it prints is neither protocol nor noise.

The guards (`_guard`) are for a team's own grader: they show at home what would not work in the
hosted image. They are not a sandbox: hostile code gets round them.
"""

from __future__ import annotations

import contextlib
import json
import math
import numbers
import os
import signal
import sys
import tempfile
import traceback
import types
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from typing import Any, BinaryIO

try:
    import resource
except ImportError:  # Windows has no such limits
    resource = None  # type: ignore[assignment]

# Audit events, by their beginnings.
_OUTWARD = (
    "socket.",
    "subprocess.",
    "os.system",
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "os.spawn",
)
_CHANGES = (
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.mkdir",
    "os.truncate",
    "os.link",
    "os.symlink",
)
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class _ImportGuard:
    """A meta path finder that refuses what the hosted image does not have.

    It asks who imports: the grader itself may import the listed packages only, and those may import
    whatever they need.
    """

    def __init__(self, allowed: Sequence[str], files: Sequence[str]) -> None:
        self.allowed = {*allowed, *sys.stdlib_module_names}
        self.files = set(files)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name.partition(".")[0] in self.allowed:
            return None
        frame: types.FrameType | None = sys._getframe(1)
        while frame and "importlib" in frame.f_code.co_filename:
            frame = frame.f_back
        if frame and frame.f_code.co_filename in self.files:
            raise ImportError(
                f"{name} is not in the hosted image, so a python grader cannot use it"
            )
        return None


def _guard(allowed: Sequence[str], files: Sequence[str]) -> None:
    """Imports as in the hosted image, no network, no processes, no files but temporary ones."""
    scratch = os.path.join(os.path.abspath(tempfile.gettempdir()), "")

    def refuse(event: str, args: tuple[Any, ...]) -> None:
        if event.startswith(_OUTWARD):
            raise PermissionError(f"a python grader has no network and no processes ({event})")
        if event.startswith(_CHANGES) or (event == "open" and (args[2] or 0) & _WRITING):
            path = args[0]
            if isinstance(path, int) or path == os.devnull:
                return
            if not os.path.join(os.path.abspath(os.fsdecode(path)), "").startswith(scratch):
                raise PermissionError(f"a python grader must not write files, here {path!r}")

    sys.meta_path.insert(0, _ImportGuard(allowed, files))
    sys.addaudithook(refuse)


def _limit(memory: int, name: str) -> None:
    """Cap what `name` limits at `memory` bytes, where the system can: Linux, not macOS, Windows."""
    if resource:
        for kind, most in ((getattr(resource, name), memory), (resource.RLIMIT_CORE, 0)):
            with contextlib.suppress(ValueError, OSError):
                resource.setrlimit(kind, (most, most))


class LoadedGrader:
    """One grader's module, or the reason why there is none."""

    def __init__(self, key: str, source: str, file: str, allowed: Sequence[str]) -> None:
        self.file = file
        self.allowed = allowed
        module = types.ModuleType(f"grader_{key}")
        module.__dict__["__file__"] = file
        sys.modules[module.__name__] = module  # dataclasses and pydantic look there
        self.failure: dict[str, Any] = {}
        try:
            exec(compile(source, file, "exec", dont_inherit=True), module.__dict__)
            self.grade: Callable[..., Any] = module.__dict__["grade"]
        except BaseException as error:
            self.failure = self._fault(error)
        self.explain: Callable[..., Any] | None = module.__dict__.get("explain")

    def run(self, sample: Any, item: Any) -> dict[str, Any]:
        """The first answer line for one request."""
        if self.failure:
            return self.failure
        try:
            value = self.grade(sample, item)
        except BaseException as error:
            return self._fault(error)
        if isinstance(value, bool) or not isinstance(value, numbers.Real):
            what = type(value).__name__
            return {"error": f"grade() must return a number, not {what} ({self.file})"}
        try:
            reward = float(value)
        except (OverflowError, ValueError):
            reward = math.inf
        if not math.isfinite(reward):
            return {"error": f"grade() returned {reward}, which is not a reward ({self.file})"}
        return {"reward": reward, "more": self.explain is not None}

    def parts(self, sample: Any, item: Any) -> dict[str, Any]:
        """The second answer line: what explain() adds. True and False count as 1 and 0."""
        try:
            values = self.explain(sample, item) if self.explain else {}
            parts = {str(k): float(v) for k, v in values.items() if isinstance(v, numbers.Real)}
        except BaseException as error:
            return {"parts": {}, "error": f"explain: {self._sentence(error)}"}
        return {"parts": {k: v for k, v in parts.items() if math.isfinite(v)}, "error": None}

    def _fault(self, error: BaseException) -> dict[str, Any]:
        """Whose fault an exception is: the grader's, or this place's (nothing is scored then)."""
        if isinstance(error, MemoryError):
            return {"down": f"out of memory, {self._sentence(error)}"}
        # The engine's own errors, such as a sandbox that cannot run, say nothing about the answer.
        if not self.allowed and any(k.__name__ == "RftError" for k in type(error).__mro__):
            return {"down": str(error)}
        # What the hosted image has and we lack would have worked there. Local graders have no list:
        # whatever they miss is missing here.
        missing = isinstance(error, ModuleNotFoundError) and str(error.name).partition(".")[0]
        if missing and (not self.allowed or missing in self.allowed):
            return {"down": f"{missing} is not installed here, {self._sentence(error)}"}
        return {"error": self._sentence(error)}

    def _sentence(self, error: BaseException) -> str:
        """The last line of the traceback and the line of the source where it happened."""
        lines = [
            f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == self.file
        ]
        if isinstance(error, SyntaxError) and error.filename == self.file:
            lines.append(error.lineno)
        text = traceback.format_exception_only(error)[-1].strip()[:400]
        return f"{text} ({self.file}, line {lines[-1]})" if lines else f"{text} ({self.file})"


def main() -> BinaryIO:
    """Serve until the other end closes the pipe; -> its own end, on whose closing that one waits.

    Set-up line: {"graders": {key: {"source", "file"}}, "guarded": bool, "allowed": [import names],
    "memory": bytes, "memory_kind": its name in `resource`, "timeout_s": seconds,
    "sys_path": [folders, put in front]}.
    """
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then closes us

    setup = json.loads(requests.readline())
    sys.path[:0] = [p for p in setup["sys_path"] if p not in sys.path]
    # If the parent dies while a grader hangs in C code, nobody is left to kill this process: the
    # kernel's alarm does, without asking the interpreter.
    alarm = getattr(signal, "alarm", lambda seconds: None)
    patience = int(setup["timeout_s"]) + 2

    def send(line: dict[str, Any]) -> None:
        data = memoryview(json.dumps(line).encode() + b"\n")
        while data:
            data = data[answers.write(data) :]

    _limit(setup["memory"], setup["memory_kind"])
    allowed = setup["allowed"]
    if setup["guarded"]:
        _guard(allowed, [spec["file"] for spec in setup["graders"].values()])
    alarm(patience + 10)
    graders = {
        key: LoadedGrader(key, spec["source"], spec["file"], allowed)
        for key, spec in setup["graders"].items()
    }
    alarm(0)
    send({"ready": True})
    for line in requests:
        alarm(patience)
        try:
            request = json.loads(line)
        except (ValueError, RecursionError) as error:
            send({"error": f"the answer or the row cannot be read: {error}"})
            continue
        grader, sample, item = graders[request["key"]], request["sample"], request["item"]
        answer = grader.run(sample, item)
        send(answer)
        if answer.get("more"):
            alarm(patience)
            send(grader.parts(sample, item))
        alarm(0)
    return answers


if __name__ == "__main__":
    kept_open = main()  # until what graders registered with atexit is done
