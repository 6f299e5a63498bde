"""How fast local servers are, how long a run will take on them, and how far its answers are."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx2

SAMPLE_CHARS, SAMPLE_TOKENS = 400, 12
"""Of the prompt and the answer that are timed: a second or two on a slow core."""


@dataclass(frozen=True)
class Speed:
    """What one server does while the others work too: tokens a second."""

    read: float
    written: float
    chars_per_token: float
    """Of prompts."""

    def read_s(self, chars: float) -> float:
        """Seconds to read a prompt of so many characters."""
        return chars / self.chars_per_token / self.read


@dataclass(frozen=True)
class UnderWay:
    """How many answers are being made, counted in parts, and the tokens of all answers so far."""

    answers: float
    tokens: int


def measure(urls: Sequence[str], model: str, prompt: str) -> Speed:
    """The mean speed of the servers, all asked for the same few tokens at the same time.

    `prompt`: some text of the kind that will be read; only its beginning is sent.
    """
    text = prompt[:SAMPLE_CHARS]
    body = {
        "model": model,
        "messages": [{"role": "user", "content": text}],
        "max_tokens": SAMPLE_TOKENS,
        "ignore_eos": True,
    }

    def timings(url: str) -> dict[str, float]:
        reply = client.post(f"{url}/chat/completions", json=body)
        timed: dict[str, float] = reply.json()["timings"]
        return timed

    with httpx2.Client(trust_env=False, timeout=600) as client, ThreadPoolExecutor() as pool:
        each = list(pool.map(timings, urls))

    def mean(name: str) -> float:
        return sum(timed[name] for timed in each) / len(each)

    speeds = mean("prompt_per_second"), mean("predicted_per_second")
    return Speed(*speeds, chars_per_token=max(1.0, len(text) / max(1.0, mean("prompt_n"))))


@dataclass
class Meter:
    """Reads from llama.cpp's slots how far the answers under way are."""

    urls: Sequence[str]
    read_s: float
    """Seconds that the prompt of a row takes, on average."""
    write_s: float
    """Seconds that the longest answer takes."""
    speed: Speed
    _tokens: dict[tuple[str, int], int] = field(default_factory=dict)
    """Server and number of the request -> tokens read and written, as last seen."""

    def __call__(self) -> UnderWay:
        """Ask every server; one that does not say has nothing under way."""
        answers = 0.0
        for url in self.urls:
            for slot in _slots(url):
                read, cached = (slot[f"n_prompt_tokens_{kind}"] for kind in ("processed", "cache"))
                written = slot["next_token"][0]["n_decoded"]
                self._tokens[url, slot["id_task"]] = read + written
                whole = self.write_s + (self.read_s if read > cached else 0)
                spent = read / self.speed.read + written / self.speed.written
                answers += min(0.95, spent / whole)
        return UnderWay(answers, sum(self._tokens.values()))


def _slots(url: str) -> list[dict[str, Any]]:
    try:
        reply = httpx2.get(f"{url.removesuffix('/v1')}/slots", trust_env=False, timeout=5)
        return [slot for slot in reply.json() if slot["is_processing"] and slot["next_token"]]
    except (httpx2.HTTPError, ValueError, KeyError, TypeError):
        return []
