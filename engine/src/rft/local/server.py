"""llama.cpp's own HTTP server, in this process, on a free loopback port."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rft.errors import OutsideError, UserError, install_hint
from rft.workers import cores

QUIET = -1
READ_AT_ONCE = 64
"""Prompt tokens between two looks at the requests; more are not read faster by one thread."""


def memory_bytes() -> int:
    """Physical memory of this machine; 8 GiB where the system does not say."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return 8 * 2**30


@dataclass(frozen=True)
class ServerPlan:
    """How a model is served: so many servers, with threads and slots each."""

    servers: int
    threads: int
    slots: int

    @property
    def parallel(self) -> int:
        """Answers that are decoded at once."""
        return self.servers * self.slots


def plan_servers(size: int, *, items: int, most: int, threads: int | None = None) -> ServerPlan:
    """Choose how to serve a GGUF of `size` bytes for `items` rows, `most` answers at once.

    With several threads in one server, they wait for one another at every layer, spinning; when
    another program holds a core, each wait lasts a time slice. A server with one thread waits for
    nobody, so a model that fits into half of the memory once per core is served by one of them per
    core, and all answers to a row go to the same one, which reads the prompt once. A larger model,
    or one for which `threads` are set, gets one server with a slot for each answer at once.
    """
    if threads is None and size * cores() <= memory_bytes() // 2:
        return ServerPlan(max(1, min(cores(), items, most)), 1, 1)
    return ServerPlan(1, threads or cores(), max(1, most))


def server_for(messages: Any, servers: int) -> int:
    """Which of the servers answers these messages: always the same, which reads them once."""
    return zlib.crc32(json.dumps(messages).encode()) % servers


@contextmanager
def serve_plan(
    gguf: Path, model: str, plan: ServerPlan, *, context_tokens: int
) -> Iterator[list[str]]:
    """Start the servers of a plan for as long as the block lasts; yields their base URLs."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(
                serve(
                    gguf,
                    model,
                    slots=plan.slots,
                    context_tokens=context_tokens,
                    threads=plan.threads,
                )
            )
            for _ in range(plan.servers)
        ]


@contextmanager
def serve(
    gguf: Path, model: str, *, slots: int, context_tokens: int, threads: int | None = None
) -> Iterator[str]:
    """Serve a GGUF file for as long as the block lasts; yields the base URL ending in /v1.

    `slots` answers are decoded in one batch; each slot holds `context_tokens` of prompt plus
    answer. Listens on 127.0.0.1 only. Raises OutsideError when llama.cpp cannot load the file.
    """
    try:
        import xllamacpp
    except ImportError:
        raise UserError(
            f"The local endpoint needs the 'local' extra (xllamacpp); {install_hint('local')}."
        ) from None
    params = xllamacpp.CommonParams()
    params.model.path = str(gguf)
    params.model_alias = {model}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_parallel = slots
    params.n_ctx = slots * context_tokens
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads or cores()
    if threads == 1:
        params.n_batch = params.n_ubatch = READ_AT_ONCE
    # Without these llama.cpp leaves unlikely tokens out; training and other endpoints draw them.
    params.sampling.top_k, params.sampling.top_p, params.sampling.min_p = 0, 1.0, 0.0
    params.use_jinja = True
    params.ui = False
    params.verbosity = QUIET
    try:
        server = xllamacpp.Server(params)
    except Exception as error:
        raise OutsideError(f"llama.cpp cannot load {gguf}: {error}; is the file whole?") from None
    try:
        yield f"{server.listening_address}/v1"
    finally:
        del server
