"""Inside the sandbox: load the code, make the calls, turn what comes out into plain data.

The code shares this interpreter and may bend everything here to its will. That is expected: it can
only change its own answers, which the host reads as data and compares with values that never come
in here. Standard library only, alone in one file: it runs in CPython for WebAssembly, too.
"""

from __future__ import annotations

import io
import json
import random
import sys
import types
from typing import Any

_DEEPEST = 60
_BIG = 1 << 53
_modules: dict[str, types.ModuleType] = {}


class _Bounded(io.BytesIO):
    """Keeps the first bytes written to it and swallows the rest."""

    room = 0

    def write(self, data: Any) -> int:
        """Accept everything, keep what there is room for."""
        piece = bytes(data)
        kept = piece[: max(0, self.room)]
        self.room -= len(kept)
        super().write(kept)
        return len(piece)


def encode(value: Any, depth: int = 0) -> Any:
    """A plain value as JSON that keeps its type; subclasses become what they are made of.

    Every JSON object is a tag with one key. Raises TypeError for anything else.
    """
    if value is None or value is True or value is False:
        return value
    if depth > _DEEPEST:
        raise TypeError("nested too deeply")
    deeper = depth + 1
    if isinstance(value, int):
        number = int.__add__(value, 0)
        return number if -_BIG <= number <= _BIG else {"int": int.__format__(number, "x")}
    if isinstance(value, float):
        real = float.__add__(value, 0.0)
        if real - real != 0:
            raise TypeError("a float that is not finite")
        return {"float": float.__repr__(real)}
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, (bytes, bytearray)):
        return {"bytes": bytes(value).hex()}
    if isinstance(value, list):
        return [encode(part, deeper) for part in list.__iter__(value)]
    if isinstance(value, tuple):
        return {"tuple": [encode(part, deeper) for part in tuple.__iter__(value)]}
    if isinstance(value, dict):
        pairs = dict.items(value)
        return {"dict": [[encode(key, deeper), encode(part, deeper)] for key, part in pairs]}
    if isinstance(value, (set, frozenset)):
        return {"set": [encode(part, deeper) for part in list(value)]}
    raise TypeError(f"a {type(value).__name__} is not plain data")


def decode(wire: Any) -> Any:
    """The value behind `encode`'s JSON; the host wrote it, so it is trusted."""
    if isinstance(wire, list):
        return [decode(part) for part in wire]
    if not isinstance(wire, dict):
        return wire
    ((tag, body),) = wire.items()
    if tag == "int":
        return int(body, 16)
    if tag == "float":
        return float(body)
    if tag == "bytes":
        return bytes.fromhex(body)
    if tag == "tuple":
        return tuple(decode(part) for part in body)
    if tag == "set":
        return {decode(part) for part in body}
    return {decode(key): decode(part) for key, part in body}


def _failure(status: str, error: BaseException) -> dict[str, Any]:
    kind = type(error)
    try:
        detail = str(error)[:500]
    except BaseException:
        detail = ""
    if isinstance(error, MemoryError):
        status = "memory"
    names = [base.__name__[:100] for base in kind.__mro__[:20]]
    return {"status": status, "error": names[0], "bases": names, "detail": detail}


def _execute(name: str, text: str, file: str, start: dict[str, Any]) -> None:
    module = types.ModuleType(name)
    module.__dict__.update(start)
    sys.modules[name] = _modules[name] = module
    exec(compile(text, file, "exec", dont_inherit=True), module.__dict__)


def load(request: str) -> str:
    """Run the code, then the probe with the code's names. {"code", "probe", "script"} -> reply."""
    wanted = json.loads(request)
    random.seed(0)  # the same code gives the same answers, unseeded randomness included
    _streams("", 0)
    try:
        if wanted["script"]:
            compile(wanted["code"], "answer.py", "exec")
        else:
            _execute("answer", wanted["code"], "answer.py", {})
    except BaseException as error:
        return json.dumps(_failure("broken", error))
    names = dict(_modules["answer"].__dict__) if "answer" in _modules else {}
    for name in ("__name__", "__doc__", "__loader__", "__spec__"):
        names.pop(name, None)
    try:
        if wanted["probe"]:
            _execute("probe", wanted["probe"], "probe.py", names)
    except BaseException as error:
        return json.dumps(_failure("broken", error))
    return json.dumps({"status": "value"})


def call(request: str) -> str:
    """Make one call. {"entry", "args", "kwargs", "stdin", "want_args", "code"?, ...} -> reply."""
    wanted = json.loads(request)
    args = [decode(part) for part in wanted["args"]]
    kwargs = {name: decode(part) for name, part in wanted["kwargs"].items()}
    printed = _streams(wanted["stdin"] or "", wanted["stdout_chars"])
    reply = _answer(wanted, args, kwargs)
    try:
        sys.stdout.flush()
    except BaseException:
        reply["flushed"] = False
    if len(json.dumps(reply)) > wanted["result_bytes"]:
        reply = {"status": "not_data", "detail": "the answer is too long"}
    reply["stdout"] = printed.getvalue().decode("utf-8", "replace")
    return json.dumps(reply)


def _answer(wanted: dict[str, Any], args: list[Any], kwargs: dict[str, Any]) -> dict[str, Any]:
    if wanted["entry"] == "__main__":
        try:
            _execute("__main__", wanted["code"], "answer.py", {})
        except SystemExit as error:
            if error.code not in (None, 0):
                return _failure("raised", error)
        except BaseException as error:
            return _failure("raised", error)
        return {"status": "value", "value": None}
    try:
        entry = _find(wanted["entry"])
    except BaseException as error:
        return _failure("broken", error)
    try:
        value = entry(*args, **kwargs)
    except BaseException as error:
        return _failure("raised", error)
    try:
        reply = {"status": "value", "value": encode(value)}
        if wanted["want_args"]:
            reply["args"] = [encode(part) for part in args]
    except BaseException as error:
        return _failure("not_data", error)
    return reply


def _find(entry: str) -> Any:
    head, *rest = entry.split(".")
    for name in ("probe", "answer"):
        module = _modules.get(name)
        if module is not None and head in module.__dict__:
            found = module.__dict__[head]
            for part in rest:
                found = getattr(found, part)
            return found
    raise NameError(f"the code defines no {head}")


def _streams(given: str, room: int) -> _Bounded:
    kept = _Bounded()
    kept.room = room
    sys.stdin = io.TextIOWrapper(io.BytesIO(given.encode()), "utf-8", newline="")
    sys.stdout = io.TextIOWrapper(kept, "utf-8", "backslashreplace", "\n", write_through=True)
    sys.stderr = io.TextIOWrapper(_Bounded(), "utf-8", "backslashreplace")
    return kept
