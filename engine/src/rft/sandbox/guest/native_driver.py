"""One grading in a native Python process that locks itself before it reads the code.

    native_driver.py LOCK(landlock|calls) MEMORY_BYTES CPU_SECONDS

Reads one request line, writes {"ready": true}, then a line per answer. From the moment the code
runs it may write lines, too, and end this process: the host expects that of it. LOCK "calls" is
for inside bwrap, which has taken the files and the network away already.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lock  # beside this file
import runner


def main() -> None:
    """Lock, then load and call."""
    wanted, memory, cpu_s = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    request = json.loads(sys.stdin.buffer.readline())
    out = os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for handle in (0, 1, 2):
        os.dup2(nothing, handle)
    os.close(nothing)

    def send(line: dict[str, object]) -> None:
        rest = memoryview(json.dumps(line).encode() + b"\n")
        while rest:
            rest = rest[os.write(out, rest) :]

    try:
        signal.alarm(cpu_s + 10)  # should the parent be gone, the kernel ends this
        lock.limit(memory, None, cpu_s, 64)
        lock.forbid_privileges()
        if wanted == "landlock":
            lock.lock_files(lock.python_paths())
        lock.lock_calls(files=True, new_code=True)
    except (OSError, ValueError) as error:
        send({"ready": False, "problem": f"the lock does not hold: {error}"})
        return
    sys.path.remove(os.path.dirname(os.path.abspath(__file__)))
    sys.argv = ["answer.py"]
    os.environ.clear()  # bwrap sets one
    send({"ready": True, "locked": True})
    loaded = runner.load(request["load"])
    good = loaded == '{"status": "value"}'
    for index, call in enumerate(request["calls"]):
        with contextlib.suppress(MemoryError):
            if good:
                send({"i": index, "reply": runner.call(call)})
            else:
                send({"i": index, "loading": True, "reply": loaded})
    send({"end": True})
    os._exit(0)


if __name__ == "__main__":
    main()
