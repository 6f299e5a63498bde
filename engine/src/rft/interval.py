"""The interval of a mean, computed by a process that starts while answers are awaited.

Loading scipy takes as long as 500 answers of a fast endpoint: nobody should wait for it at the end.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from rft.estimate import Estimate

Interval = Callable[[Sequence[float]], Estimate]
PROCESS = ("-P", "-m", __name__)
"""Arguments of Python for the process that runs `main`."""


def interval_here(values: Sequence[float]) -> Estimate:
    """`rft.stats.mean_interval`, loaded when it is needed."""
    from rft.stats import mean_interval

    return mean_interval(values)


@contextmanager
def interval_beside() -> Iterator[Interval]:
    """`interval_here` in a process of its own, to be called once; it ends with the block.

    Where that process fails, or the library is loaded already, this one computes.
    """
    if "rft.stats" in sys.modules:
        yield interval_here
        return
    process = subprocess.Popen(
        [sys.executable, *PROCESS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C does not reach it
    )

    def interval(values: Sequence[float]) -> Estimate:
        with suppress(OSError, ValueError, TypeError):
            answer, _ = process.communicate(json.dumps(values).encode())
            return Estimate(*json.loads(answer))
        return interval_here(values)

    with process:
        try:
            yield interval
        finally:
            process.kill()


def main() -> None:
    """Read the values, write value, low and high; both as JSON."""
    import rft.stats  # noqa: F401 - while the values are still to come

    estimate = interval_here(json.load(sys.stdin))
    json.dump([estimate.value, estimate.low, estimate.high], sys.stdout)


if __name__ == "__main__":
    main()
