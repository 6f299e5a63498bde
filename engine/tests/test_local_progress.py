"""How far answers of a local server are, and how long they take."""

from __future__ import annotations

from typing import Any

import pytest

from rft.local.progress import Meter, Speed, measure
from rft.local.server import server_for
from tests.endpoint import Endpoint

SPEED = Speed(read=100, written=20, chars_per_token=4)


def slot(read: int, cached: int, written: int, task: int = 1) -> dict[str, Any]:
    """What llama.cpp says of a slot that works, as far as it is read."""
    return {
        "is_processing": True,
        "id_task": task,
        "n_prompt_tokens_processed": read,
        "n_prompt_tokens_cache": cached,
        "next_token": [{"n_decoded": written}],
    }


@pytest.fixture
def meter(endpoint: Endpoint) -> Meter:
    """Of a server whose rows take 10 s to read and whose answers take 10 s to write."""
    return Meter([endpoint.url], read_s=10, write_s=10, speed=SPEED)


def says(endpoint: Endpoint, *slots: dict[str, Any]) -> None:
    endpoint.models = (200, list(slots), {})


def test_a_prompt_counts_as_it_is_read(endpoint: Endpoint, meter: Meter) -> None:
    says(endpoint, slot(500, 0, 0))
    assert meter().answers == pytest.approx(0.25)


def test_a_prompt_that_was_read_before_counts_for_nothing(endpoint: Endpoint, meter: Meter) -> None:
    says(endpoint, slot(1, 999, 100))
    assert meter().answers == pytest.approx(0.501)


def test_tokens_of_earlier_answers_stay_counted(endpoint: Endpoint, meter: Meter) -> None:
    says(endpoint, slot(500, 0, 20, task=1))
    meter()
    says(endpoint, slot(1, 500, 9, task=2))
    assert meter().tokens == 530


@pytest.mark.parametrize("said", [[], [{"is_processing": False}], [{"is_processing": True}]])
def test_a_server_that_says_nothing_has_nothing_under_way(
    endpoint: Endpoint, meter: Meter, said: list[dict[str, Any]]
) -> None:
    says(endpoint, *said)
    assert meter().answers == 0


def test_the_speed_is_the_mean_of_what_the_servers_measured(endpoint: Endpoint) -> None:
    timings = {"prompt_n": 100, "prompt_per_second": 80.0, "predicted_per_second": 16.0}
    endpoint.reply = lambda body: (200, {"timings": timings}, {})
    assert measure([endpoint.url] * 2, "m", "x" * 900) == Speed(80, 16, 4)


def test_a_prompt_always_has_the_same_server_and_prompts_are_spread() -> None:
    places = [server_for([{"role": "user", "content": f"row {n}"}], 4) for n in range(100)]
    assert places == [server_for([{"role": "user", "content": f"row {n}"}], 4) for n in range(100)]
    assert all(10 < places.count(place) < 40 for place in range(4))
