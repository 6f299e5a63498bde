"""Who answers an evaluation: the endpoint of rft.toml, or servers that are started for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rft import config
from rft.config import Settings
from rft.display import duration
from rft.runs import Run

if TYPE_CHECKING:
    from rft.local.progress import Meter
    from rft.local.server import ServerPlan

MAX_LOCAL_SLOTS = 8


@dataclass(frozen=True)
class Serving:
    """Base URLs that answer alike, the key for them, and how many requests may be in flight."""

    urls: list[str]
    key: str
    workers: int
    estimate: str = ""
    """A sentence on how long the missing answers take; "" where that is not known."""
    meter: Meter | None = None
    """Says how far the answers under way are, where the servers are this process's own."""


@contextmanager
def serving(
    settings: Settings, run: Run, prompts: Mapping[str, dict[str, Any]], *, timed: bool
) -> Iterator[Serving]:
    """Serve a run; local servers live as long as the block.

    `prompts`: the rows by id with the messages that are sent; `timed`: measure how fast local
    servers are first, for an estimate and a meter, which takes a second or two.
    """
    endpoint, model, most = settings.endpoint, run.info.model, settings.sampling.concurrency
    if endpoint.profile != "local":
        yield Serving([config.base_url(endpoint)], config.api_key(endpoint), most)
        return
    if model.startswith("ft:"):  # tuned at home: rft serve has its weights
        from rft.jobs import local_service

        yield Serving([local_service.ensure(settings.root)], "no-key", most)
        return
    from rft.local.model import gguf_path
    from rft.local.server import plan_servers, serve_plan

    missing = run.missing()
    gguf = gguf_path(model, settings.root)
    most = min(most, MAX_LOCAL_SLOTS, len(missing))
    items = len({item_id for item_id, _ in missing})
    plan = plan_servers(gguf.stat().st_size, items=items, most=most, threads=endpoint.threads)
    with serve_plan(gguf, model, plan, context_tokens=endpoint.context_tokens) as urls:
        local = Serving(urls, "no-key", plan.parallel)
        yield _timed(local, plan, settings, run, prompts) if timed else local


def _timed(
    local: Serving,
    plan: ServerPlan,
    settings: Settings,
    run: Run,
    prompts: Mapping[str, dict[str, Any]],
) -> Serving:
    from rft.local.progress import Meter, measure

    missing = run.missing()
    texts = {
        item_id: "\n".join(message["content"] for message in prompts[item_id]["messages"])
        for item_id, _ in missing
    }
    speed = measure(local.urls, run.info.model, next(iter(texts.values())))
    read_s = speed.read_s(sum(map(len, texts.values())) / len(texts))
    write_s = settings.sampling.max_tokens / speed.written
    seconds = (len(texts) * read_s + len(missing) * write_s) / plan.servers
    pace = f"reads {speed.read:.0f} and writes {speed.written:.0f} tokens a second"
    servers = f"{plan.servers} servers, each {pace}" if plan.servers > 1 else f"the server {pace}"
    return Serving(
        local.urls,
        local.key,
        local.workers,
        f"about {duration(seconds)} ({servers})",
        Meter(local.urls, read_s, write_s, speed),
    )
