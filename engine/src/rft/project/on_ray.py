"""`--ray`: stored samples graded on the machines of a Ray cluster."""

from __future__ import annotations

import logging
import socket
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rft.errors import OutsideError, UserError, install_hint
from rft.project.shards import GradingJob, ShardGrader, in_window, shards
from rft.records import Record

LOCAL = "local"
"""As an address: start Ray on this machine, for this command."""
CONNECT_S = 10.0
SHARD = 256
"""Samples that go to another machine at a time."""
NOT_SENT = ["/runs/", "/.venv/", "/.git/", ".env", "__pycache__/"]
"""What stays here when the project's folder goes to the machines: above all .env and its keys."""


def on_ray(
    address: str, job: GradingJob, records: Iterable[Record], *, judged: bool
) -> Iterator[list[Record]]:
    """Grade on a cluster, one process for each free CPU, in no certain order.

    `address`: the cluster's, "auto" for the one that runs here, "local" to start one. `judged`: the
    gradings at once that the job names are requests to a judge, over all machines. The machines
    need rft and the task's packages; the project's folder is sent to them.
    Raises UserError when ray is not installed or the cluster cannot be reached, OutsideError when
    it is lost.
    """
    try:
        import ray
    except ImportError:
        raise UserError(
            f"--ray needs the 'ray' extra; {install_hint('ray')}, here and on the machines."
        ) from None
    with _connected(ray, address, job.settings.root):
        processes = max(1, int(ray.available_resources().get("CPU", 1)))
        threads = max(1, job.threads // processes) if judged else 1
        # In a list, so that it is fetched by each process once and not for each shard.
        setup = [ray.put(replace(job, threads=threads))]
        remote = ray.remote(num_cpus=1, max_restarts=-1, max_task_retries=-1)(_Grader)
        graders = [remote.remote() for _ in range(processes)]
        busy = Counter(dict.fromkeys(graders, 0))

        def submit(shard: list[Record]) -> Future[list[Record]]:
            grader = min(graders, key=busy.__getitem__)
            busy[grader] += 1
            future: Future[list[Record]] = grader.grade.remote(setup, shard).future()
            future.add_done_callback(lambda _: busy.subtract([grader]))
            return future

        try:
            yield from in_window(submit, shards(records, SHARD), 2 * processes)
        except ray.exceptions.RayTaskError as error:
            raise error.cause from None
        except ray.exceptions.RayError as error:
            raise OutsideError(
                f"the Ray cluster failed ({type(error).__name__}); what was graded is kept, and "
                "the same command goes on from there."
            ) from None


class _Grader:
    """A `ShardGrader` on a machine of the cluster, in the copy of the project that Ray made."""

    def __init__(self) -> None:
        self._grader: ShardGrader | None = None

    def grade(self, setup: list[Any], shard: list[Record]) -> list[Record]:
        """`setup`: a reference to the GradingJob."""
        if self._grader is None:
            import ray

            self._grader = ShardGrader(ray.get(setup[0]), Path.cwd())
        pieces = shards(shard, -(-len(shard) // self._grader.threads))
        return [r for piece in in_window(self._grader.start, pieces, len(shard)) for r in piece]


@contextmanager
def _connected(ray: Any, address: str, root: Path) -> Iterator[None]:
    options = {"include_dashboard": False} if address == LOCAL else {}
    try:
        if address not in (LOCAL, "auto"):  # Ray itself would try for many minutes
            parts = urlsplit(address if "://" in address else f"ray://{address}")
            socket.create_connection((parts.hostname, parts.port or 6379), CONNECT_S).close()
        ray.init(
            address,
            **options,
            runtime_env={"working_dir": str(root), "excludes": NOT_SENT},
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    except (OSError, ValueError, RuntimeError) as error:
        raise UserError(
            f"no Ray cluster answers at '{address}' ({error}); correct the address, or write "
            "--ray local."
        ) from None
    try:
        yield
    finally:
        ray.shutdown()
