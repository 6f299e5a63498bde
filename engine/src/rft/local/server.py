"""llama.cpp's own HTTP server, in this process, on a free loopback port."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rft.errors import OutsideError, UserError

QUIET = -1


def cores() -> int:
    """CPU cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


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
            "The local endpoint needs xllamacpp; install this project with its 'local' extra "
            "(make setup does)."
        ) from None
    params = xllamacpp.CommonParams()
    params.model.path = str(gguf)
    params.model_alias = {model}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_parallel = slots
    params.n_ctx = slots * context_tokens
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads or cores()
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
