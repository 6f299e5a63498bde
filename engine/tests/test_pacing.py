"""The pace of requests, in virtual time: a loop whose clock jumps to the next timer."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any

import httpx2
import pytest

from rft.config import Sampling
from rft.endpoint import async_client
from rft.pacing import Pacer, retry_after_s, seconds_until
from tests.endpoint import Endpoint, Reply, backwards

NOW = 1_800_000_000.0


class _Jump(selectors.SelectSelector):
    """A selector that never waits: it moves the clock."""

    now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        self.now += timeout or 0.0
        return super().select(0)


class Server:
    """Serves `quota` requests in `window` seconds and refuses the rest; an answer takes `seconds`.

    `steady`: refills request by request, as OpenAI does, else at once. `headers`: says so.
    """

    def __init__(
        self, quota: int, window: float, *, steady: bool, headers: bool, seconds: float = 0.2
    ) -> None:
        self.quota, self.window, self.steady = quota, window, steady
        self.headers, self.seconds = headers, seconds
        self.left, self.filled, self.busy, self.most_busy = float(quota), 0.0, 0, 0
        self.answers: list[float] = []
        self.refusals = 0

    def _refill(self, now: float) -> float:
        """Seconds until the quota is whole."""
        rate = self.quota / self.window
        if self.steady:
            self.left = min(self.quota, self.left + (now - self.filled) * rate)
            self.filled = now
            return (self.quota - self.left) / rate
        if now >= self.filled + self.window:
            self.left, self.filled = float(self.quota), now - now % self.window
        return self.filled + self.window - now

    async def answer(self) -> httpx2.Response:
        now = asyncio.get_running_loop().time()
        reset = self._refill(now)
        served = self.left >= 1
        self.left -= served
        names = {"limit": self.quota, "remaining": int(self.left), "reset": f"{reset:.3f}s"}
        headers = {f"x-ratelimit-{k}-requests": str(v) for k, v in names.items()}
        if not served:
            self.refusals += 1
            wait = self.window / self.quota if self.steady else reset
            headers["retry-after"] = f"{wait:.3f}"
        self.busy += 1
        self.most_busy = max(self.busy, self.most_busy)
        await asyncio.sleep(self.seconds if served else 0.01)
        self.busy -= 1
        if served:
            self.answers.append(asyncio.get_running_loop().time())
        return httpx2.Response(200 if served else 429, headers=headers if self.headers else {})


async def ask(server: Server, pacer: Pacer, requests: int, workers: int) -> None:
    """Send so many requests as the SDK does: a refused one is sent again after Retry-After."""
    left = iter(range(requests))

    async def work() -> None:
        for _ in left:
            while True:
                await pacer.before(httpx2.Request("POST", "http://x"))
                response = await server.answer()
                await pacer.after(response)
                if response.status_code == 200:
                    break
                await asyncio.sleep(retry_after_s(response.headers) or 0.5)

    await asyncio.gather(*(work() for _ in range(workers)))


def in_virtual_time(main: Coroutine[Any, Any, None]) -> float:
    """Run to the end; returns the seconds that passed on the virtual clock."""
    clock = _Jump()
    loop = asyncio.SelectorEventLoop(clock)
    loop.time = lambda: clock.now  # type: ignore[method-assign]
    try:
        loop.run_until_complete(main)
    finally:
        loop.close()
    return clock.now


def paced(server: Server, requests: int, workers: int = 64, **budgets: Any) -> float:
    """Virtual seconds that so many requests take."""

    async def main() -> None:
        clock = asyncio.get_running_loop().time
        sampling = Sampling.model_validate(budgets)
        await ask(server, Pacer(workers, sampling, 100, clock), requests, workers)

    return in_virtual_time(main())


def server(quota: int = 300, window: float = 60, *, steady: bool = True, **given: Any) -> Server:
    return Server(quota, window, steady=steady, headers=given.pop("headers", False), **given)


@pytest.mark.parametrize("steady", [True, False])
def test_a_quota_that_headers_tell_is_used_up_and_never_hit(steady: bool) -> None:
    limited = server(steady=steady, headers=True, seconds=2)
    seconds = paced(limited, 1500)
    assert limited.refusals == 0
    assert len(limited.answers) / seconds > 0.95 * 300 / 60


@pytest.mark.parametrize("steady", [True, False])
def test_a_limit_that_only_refusals_tell_is_hit_seldom(steady: bool) -> None:
    silent = server(50, 1, steady=steady)
    seconds = paced(silent, 1000)
    assert silent.refusals < 200
    assert len(silent.answers) / seconds > 0.6 * 50


def test_without_limits_all_workers_are_busy_at_once() -> None:
    free = server(10**6)
    assert paced(free, 640, workers=64) == pytest.approx(10 * 0.2)


def test_the_limit_is_halved_once_for_all_in_flight_and_recovers() -> None:
    pacer = Pacer(8, Sampling())

    async def rounds(*statuses: int) -> None:
        await asyncio.gather(*(reply(pacer, status) for status in statuses))

    in_virtual_time(rounds(*[429] * 8))
    assert pacer.limit == 4
    in_virtual_time(rounds(*[200] * 12))
    assert 6 < pacer.limit <= 8


def test_retry_after_holds_every_request_back() -> None:
    starts: list[float] = []

    async def main() -> None:
        clock = asyncio.get_running_loop().time
        pacer = Pacer(4, Sampling(), clock=clock)
        await reply(pacer, 429, {"retry-after": "30"})
        for _ in range(2):
            await reply(pacer, 200)
            starts.append(clock())

    in_virtual_time(main())
    assert starts == [30.0, 30.0]


def test_tomorrows_quota_is_not_waited_for() -> None:
    async def main() -> None:
        pacer = Pacer(4, Sampling(), clock=asyncio.get_running_loop().time)
        headers = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "8h0m0s"}
        await reply(pacer, 429, {"retry-after": "28800", **headers})
        await reply(pacer, 200)

    assert in_virtual_time(main()) == 0


@pytest.mark.parametrize(
    ("budget", "seconds"),
    [({"requests_per_minute": 60}, 120), ({"tokens_per_minute": 6000}, 120)],
)
def test_a_budget_of_rft_toml_is_kept(budget: dict[str, Any], seconds: float) -> None:
    assert paced(server(10**6), 121, **budget) == pytest.approx(seconds, abs=1)


def test_the_token_budget_is_charged_with_what_was_used() -> None:
    async def main() -> None:
        clock = asyncio.get_running_loop().time
        pacer = Pacer(1, Sampling(tokens_per_minute=6000), 1000, clock)
        for _ in range(61):
            await reply(pacer, 200)
            pacer.used(100)

    assert in_virtual_time(main()) == pytest.approx(60, abs=20)


def test_a_request_that_ends_without_a_response_gives_its_place_back() -> None:
    async def main() -> None:
        pacer = Pacer(1, Sampling())
        lost = asyncio.create_task(pacer.before(httpx2.Request("POST", "http://x")))
        await lost
        await reply(pacer, 200)

    assert in_virtual_time(main()) == 0


async def reply(pacer: Pacer, status: int, headers: dict[str, str] | None = None) -> None:
    """One request that is answered at once."""
    await pacer.before(httpx2.Request("POST", "http://x"))
    await asyncio.sleep(0)
    await pacer.after(httpx2.Response(status, headers=headers))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("12", 12),
        ("0.5", 0.5),
        ("20ms", 0.02),
        ("6m0s", 360),
        ("1m30.5s", 90.5),
        ("1h2m3s", 3723),
        ("1.5µs", 1.5e-6),
        (str(int(NOW) + 9), 9),
        (str(int(NOW * 1000) + 9500), 9.5),
        ("2027-01-15T08:00:07Z", 7),
        ("Fri, 15 Jan 2027 08:00:07 GMT", 7),
        ("2020-01-01T00:00:00Z", 0),
        ("", None),
        ("soon", None),
        ("-3", None),
        ("nan", None),
    ],
)
def test_times_are_read_in_the_forms_vendors_use(text: str, seconds: float | None) -> None:
    assert seconds_until(text, NOW) == (None if seconds is None else pytest.approx(seconds))


def test_milliseconds_count_before_seconds() -> None:
    assert retry_after_s({"retry-after": "7", "retry-after-ms": "20"}) == 0.02


def test_the_client_of_an_endpoint_is_paced(endpoint: Endpoint) -> None:
    refused = iter([True, True])

    def limited(body: dict[str, Any]) -> Reply:
        if next(refused, False):
            return 429, {}, {"retry-after-ms": "20"}
        return backwards(body)

    endpoint.reply = limited
    pacer = Pacer(8, Sampling())

    async def main() -> None:
        client = async_client(endpoint.url, "k", max_retries=3, timeout_s=5, pacer=pacer)
        async with client:
            message = {"role": "user", "content": "x"}
            await client.chat.completions.create(model="m", messages=[message])  # type: ignore[list-item]

    asyncio.run(main())
    assert len(endpoint.bodies) == 3
    assert 2 <= pacer.limit < 8
