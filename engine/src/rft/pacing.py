"""How many requests one endpoint gets at a time, and how fast: as it allows, and as rft.toml does.

A `Pacer` is called by the HTTP client, so that it sees every attempt, also those that the SDK makes
by itself. Three things hold a request back:

* the limit of requests in flight, halved when the endpoint answers 429 or 503 and raised by one a
  round of good answers (additive increase, multiplicative decrease: Chiu and Jain 1989);
* a waiting time that the endpoint names (Retry-After), for all requests and not only for this one;
* the distance between two starts: from the budgets in rft.toml, and from x-ratelimit-* headers.

Of a quota with `remaining` requests that is whole again in `reset` seconds, only the second half is
rationed, at remaining / reset a second. Where the endpoint refills steadily, that settles at its
rate; where it refills at once, the rest lasts until then.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import re
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from httpx2 import Request, Response

    from rft.config import Sampling

BUSY = (429, 503, 529)
"""Statuses that ask for fewer requests."""
PATIENCE_S = 120.0
"""A longer wait, such as for tomorrow's quota, is not waited for: the request fails (as in the
SDK), and too many failures end the run."""
PAUSE_S = 1.0
"""After a refusal that names no waiting time."""
SLACK_S = 0.25
"""So much of a lost start (a late timer, no request to send) may be made up for."""
_UNITS = {
    "ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0,
}  # fmt: skip
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d)")


class Pacer:
    """The pace of one endpoint; its HTTP client calls `before` and `after`.

    `most`: requests in flight at most. `sampling`: holds the budgets. `tokens_each`: tokens of a
    request (prompt and answer) until `used` tells better. `clock`: in seconds.
    """

    def __init__(
        self,
        most: int,
        sampling: Sampling,
        tokens_each: float = 1000.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.most, self.limit = most, float(most)
        requests, tokens = sampling.requests_per_minute, sampling.tokens_per_minute
        self._request_s = 60.0 / requests if requests else 0.0
        self._token_s = 60.0 / tokens if tokens else 0.0
        self._quota_s = 0.0
        self.tokens_each = tokens_each
        self._clock = clock
        self._next = self._cut = -math.inf
        self._started: dict[asyncio.Task[Any], float] = {}
        self._queue, self._freed = asyncio.Lock(), asyncio.Event()

    async def before(self, request: Request) -> None:
        """Wait until this task's request may start; first come, first served."""
        task = asyncio.current_task()
        assert task
        self._release(task)  # its last attempt ended without a response
        async with self._queue:
            while len(self._started) >= int(self.limit):
                self._freed.clear()
                await self._freed.wait()
            while (wait := self._next - self._clock()) > 0:
                await asyncio.sleep(wait)
            now = self._clock()
            distance = max(self._request_s, self._token_s * self.tokens_each, self._quota_s)
            self._next = max(self._next, now - SLACK_S) + distance
            self._started[task] = now
            task.add_done_callback(self._release)

    async def after(self, response: Response) -> None:
        """Learn from a response, and let the next request start."""
        task = asyncio.current_task()
        assert task
        started = self._started.get(task, self._clock())
        now = self._clock()
        if response.status_code in BUSY:
            if started > self._cut:  # one cut for all that were in flight together
                self.limit, self._cut = max(1.0, self.limit / 2), now
            wait = retry_after_s(response.headers)
            self._hold(now + (PAUSE_S if wait is None else wait))
        elif response.status_code < 400:
            self.limit = min(self.most, self.limit + 1 / self.limit)
        self._ration(response.headers, now)
        self._release(task)

    def used(self, tokens: int) -> None:
        """Count the tokens of an answer: the start of its request was charged with an estimate."""
        self._next += self._token_s * (tokens - self.tokens_each)
        self.tokens_each += (tokens - self.tokens_each) / 16

    def _release(self, task: asyncio.Task[Any]) -> None:
        if self._started.pop(task, None) is not None:
            task.remove_done_callback(self._release)
        self._freed.set()

    def _hold(self, until: float) -> None:
        if until - self._clock() <= PATIENCE_S:
            self._next = max(self._next, until)

    def _ration(self, headers: Mapping[str, str], now: float) -> None:
        quotas = dict(_quotas(headers))
        if not quotas:
            return
        self._quota_s = 0.0
        for kind, (limit, remaining, reset_s) in quotas.items():
            starts = remaining if kind == "requests" else remaining / max(self.tokens_each, 1.0)
            if reset_s > PATIENCE_S or (limit is not None and remaining > limit / 2):
                continue
            if starts < 1:
                self._hold(now + reset_s)
            self._quota_s = max(self._quota_s, reset_s / max(starts, 1.0))


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """The waiting time that a response names, in seconds; None when it names none."""
    with contextlib.suppress(ValueError):
        return max(0.0, float(headers.get("retry-after-ms", "")) / 1000)
    return seconds_until(headers.get("retry-after", ""))


def _quotas(headers: Mapping[str, str]) -> Iterator[tuple[str, tuple[float | None, float, float]]]:
    """("requests" or "tokens", (limit, remaining, seconds until it is whole again))."""
    if not any("ratelimit" in name for name in headers):
        return
    for kind in ("requests", "tokens"):
        for form in (f"x-ratelimit-{{}}-{kind}", f"anthropic-ratelimit-{kind}-{{}}"):
            remaining = _number(headers.get(form.format("remaining")))
            reset_s = seconds_until(headers.get(form.format("reset"), ""))
            if remaining is not None and reset_s is not None:
                yield kind, (_number(headers.get(form.format("limit"))), remaining, reset_s)
                break


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def seconds_until(text: str, now: float | None = None) -> float | None:
    """Seconds, at least 0, in the forms that vendors use; None for what is none of them.

    "20ms", "6m0s" and "1m30.5s" are durations, "12" is seconds, from 10^8 on a time in seconds or
    milliseconds since 1970; then there are ISO 8601 and HTTP dates. `now`: seconds since 1970.
    """
    text = text.strip()
    if (number := _number(text)) is not None:
        if number < 1e8:
            return number
        return max(0.0, (number / 1000 if number > 1e11 else number) - (now or time.time()))
    if text and not _DURATION.sub("", text):
        return sum(float(count) * _UNITS[unit] for count, unit in _DURATION.findall(text))
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        with contextlib.suppress(ValueError, TypeError):
            moment = read(text)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            return max(0.0, moment.timestamp() - (now or time.time()))
    return None
