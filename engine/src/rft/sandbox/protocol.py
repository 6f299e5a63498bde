"""Requests to the guest and answers from it. Answers are hostile until they have passed here."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from rft.sandbox.data import DEEPEST, SCRIPT, Call, CallResult, Limits
from rft.sandbox.guest.runner import encode

MOST_HASHED = 4096
"""Members of a set, or keys of a dict, that are not text: numbers could be made to collide."""
MOST_DIGITS = 3500
"""Hexadecimal, of an int: still short enough for Python to print."""
_LARGEST_BARE = 1 << 53
_SAID_BY_GUEST = {"value", "raised", "broken", "not_data", "memory"}
_SAID_BY_WORKER = {"fuel", "crashed"}


class NotDataError(ValueError):
    """An argument is not plain data: not finite, nested too deeply, of another type."""


class Unreadable(ValueError):
    """The guest's reply does not follow the protocol."""


def request(code: str, calls: Sequence[Call], probe: str, limits: Limits) -> dict[str, Any]:
    """What a worker is sent, JSON throughout. Raises NotDataError for arguments."""
    script = all(call.entry == SCRIPT for call in calls)
    load = {"code": code, "probe": probe, "script": script}
    return {
        "load": json.dumps(load),
        "calls": [_call_text(code, call, limits) for call in calls],
        "fuel": limits.fuel,
        "memory": limits.memory_mb << 20,
        "timeout_s": limits.timeout_s,
        "interruptions": limits.interruptions,
    }


def _call_text(code: str, call: Call, limits: Limits) -> str:
    try:
        return json.dumps(_call(code, call, limits))
    except (TypeError, ValueError, RecursionError) as error:
        reason = str(error) or type(error).__name__
        raise NotDataError(f"an argument of {call.entry} is not plain data: {reason}") from None


def _call(code: str, call: Call, limits: Limits) -> dict[str, Any]:
    wanted: dict[str, Any] = {
        "entry": call.entry,
        "args": [encode(part) for part in call.args],
        "kwargs": {name: encode(part) for name, part in call.kwargs.items()},
        "stdin": call.stdin,
        "want_args": call.want_args,
        "stdout_chars": limits.stdout_chars,
        "result_bytes": limits.result_bytes,
    }
    return wanted | ({"code": code} if call.entry == SCRIPT else {})


def longest_line(limits: Limits) -> int:
    """Bytes of the longest line a worker may send: the reply, quoted twice."""
    return 2 * (limits.result_bytes + 12 * limits.stdout_chars) + 20_000


class Answers:
    """Collects a run's lines. The first line for a call is final; a second one spoils it."""

    def __init__(self, calls: Sequence[Call], limits: Limits) -> None:
        self._calls, self._limits = calls, limits
        self.expected = len(calls)
        self.results: dict[int, CallResult] = {}
        self.fuel = 0
        self.ended = False

    def take(self, line: bytes) -> bool:
        """Read one line. Returns False on a protocol error, which spoils the pending replies."""
        try:
            message = json.loads(line, parse_constant=_no_constant)
            if not isinstance(message, dict):
                raise Unreadable
            if message.get("end") is True:
                self.ended, self.fuel = True, _whole(message.get("fuel"))
                return True
            index = message.get("i")
            if type(index) is not int or not 0 <= index < len(self._calls):
                raise Unreadable
        except (ValueError, RecursionError):
            self.spoil("an unreadable line, or an answer to no question")
            return False
        call = self._calls[index]
        if index in self.results:
            self.results[index] = CallResult("violation", call.id, detail="answered twice")
        else:
            self.results[index] = self._result(call, message)
        return True

    def spoil(self, why: str) -> None:
        """What has no answer yet gets none."""
        for index, call in enumerate(self._calls):
            self.results.setdefault(index, CallResult("violation", call.id, detail=why))

    def _result(self, call: Call, message: Mapping[str, Any]) -> CallResult:
        fuel = _whole(message.get("fuel"))
        trap = message.get("trap")
        if trap in _SAID_BY_WORKER:
            return CallResult(trap, call.id, detail=_text(message.get("detail"), 300), fuel=fuel)
        try:
            result = read_reply(message.get("reply"), call, self._limits, fuel)
            if message.get("loading") and result.status == "value":
                raise Unreadable("an answer before the question")
            return result
        except (ValueError, RecursionError, TypeError, OverflowError) as error:
            return CallResult("violation", call.id, detail=f"{error}"[:200], fuel=fuel)


def read_reply(text: Any, call: Call, limits: Limits, fuel: int = 0) -> CallResult:
    """One reply of the guest. Raises ValueError or RecursionError when it is unreadable."""
    longest = limits.result_bytes + 12 * limits.stdout_chars + 10_000
    if not isinstance(text, str) or len(text) > longest:
        raise Unreadable("the reply is not text, or too long")
    reply = json.loads(text, parse_constant=_no_constant)
    if not isinstance(reply, dict) or reply.get("status") not in _SAID_BY_GUEST:
        raise Unreadable("the reply has no known status")
    status = reply["status"]
    names = reply.get("bases")
    bases = tuple(_text(name, 100) for name in names[:20]) if isinstance(names, list) else ()
    value, args = None, None
    if status == "value":
        if len(json.dumps(reply.get("value"))) > limits.result_bytes:
            raise Unreadable("the value is too long")
        value = decode(reply.get("value"))
        if call.want_args:
            args = decode(reply.get("args"))
            if not isinstance(args, list):
                raise Unreadable("the arguments did not come back")
    return CallResult(
        status,
        call.id,
        value,
        _text(reply["error"], 100) if "error" in reply else None,
        bases,
        _text(reply.get("detail", ""), 500),
        args,
        _text(reply.get("stdout", ""), limits.stdout_chars),
        fuel,
    )


def decode(wire: Any, depth: int = 0) -> Any:
    """The plain value that `encode` wrote. Raises Unreadable for anything else."""
    if depth > DEEPEST:
        raise Unreadable("nested too deeply")
    deeper = depth + 1
    if isinstance(wire, list):
        return [decode(part, deeper) for part in wire]
    if isinstance(wire, float):
        raise Unreadable("a bare float")  # encode writes them as text
    if isinstance(wire, str):
        if not wire.isascii():
            wire.encode()  # half of a surrogate pair: UnicodeEncodeError is a ValueError
        return wire
    if wire is None or isinstance(wire, bool):
        return wire
    if isinstance(wire, int):
        if abs(wire) > _LARGEST_BARE:
            raise Unreadable("a bare large int")
        return wire
    if not isinstance(wire, dict) or len(wire) != 1:
        raise Unreadable("a value without its type")
    ((tag, body),) = wire.items()
    if isinstance(body, str):
        return _scalar(tag, body)
    if not isinstance(body, list):
        raise Unreadable("a value of no known type")
    return _container(tag, body, deeper)


def _scalar(tag: str, body: str) -> Any:
    if tag == "int" and len(body) <= MOST_DIGITS:
        return int(body, 16)
    if tag == "float" and len(body) <= 40:
        number = float(body)
        if math.isfinite(number):
            return number
    if tag == "bytes":
        return bytes.fromhex(body)
    raise Unreadable(f"an unreadable {tag:.20}")


def _container(tag: str, body: list[Any], depth: int) -> Any:
    if tag == "tuple":
        return tuple(decode(part, depth) for part in body)
    if tag == "set":
        members = [_hashable(decode(part, depth)) for part in body]
        _bound(members)
        return set(members)
    if tag == "dict":
        if not all(isinstance(pair, list) and len(pair) == 2 for pair in body):
            raise Unreadable("an unreadable dict")
        keys = [_hashable(decode(pair[0], depth)) for pair in body]
        _bound(keys)
        return dict(zip(keys, (decode(pair[1], depth) for pair in body), strict=True))
    raise Unreadable("a value of no known type")


def _hashable(value: Any) -> Any:
    hash(value)  # TypeError for a list inside
    return value


def _bound(members: list[Any]) -> None:
    if sum(not isinstance(member, str) for member in members) > MOST_HASHED:
        raise Unreadable(f"more than {MOST_HASHED} members that are not text")


def _no_constant(name: str) -> Any:
    raise Unreadable(f"{name} is not a number")


def _whole(value: Any) -> int:
    return value if type(value) is int and 0 <= value < 1 << 63 else 0


def _text(value: Any, longest: int) -> str:
    """Text a terminal and a file can take."""
    text = value if isinstance(value, str) else ""
    return text[:longest].encode("utf-8", "replace").decode()
