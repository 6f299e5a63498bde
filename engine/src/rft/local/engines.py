"""llama.cpp servers of the models in use; the most recent ones stay loaded."""

from __future__ import annotations

import threading
from collections import OrderedDict
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from rft.local.catalog import Catalog, Model
from rft.local.server import plan_servers, serve_plan, server_for
from rft.workers import cores

KEPT = 2
"""Models in memory at once."""


class Engines:
    """Thread-safe. Loads a model on its first request and unloads the least recently used."""

    def __init__(
        self, catalog: Catalog, *, slots: int, context_tokens: int, threads: int | None
    ) -> None:
        self._catalog = catalog
        self._slots, self._context, self._threads = slots, context_tokens, threads
        self._lock = threading.Lock()
        self._open: OrderedDict[str, tuple[list[str], ExitStack]] = OrderedDict()

    def url(self, model: Model, messages: Any) -> str:
        """The address of the server that answers these messages, ending in /v1.

        Loads `model` (blocking) if need be.
        """
        with self._lock:
            if model.id not in self._open:
                path = self._catalog.gguf(model)
                while len(self._open) >= KEPT:
                    self._open.popitem(last=False)[1][1].close()
                plan = plan_servers(
                    path.stat().st_size, items=cores(), most=self._slots, threads=self._threads
                )
                # Answers decoded side by side share each reading of the weights.
                plan = replace(plan, slots=max(1, self._slots // plan.servers))
                stack = ExitStack()
                addresses = stack.enter_context(
                    serve_plan(path, model.id, plan, context_tokens=self._context)
                )
                self._open[model.id] = (addresses, stack)
            self._open.move_to_end(model.id)
            addresses = self._open[model.id][0]
            return addresses[server_for(messages, len(addresses))]

    def close(self) -> None:
        """Unload all."""
        with self._lock:
            for _, stack in self._open.values():
                stack.close()
            self._open.clear()
