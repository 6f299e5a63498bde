"""The process that hosts WebAssembly: compile once, then one fresh instance for every grading.

    wasm_worker.py compile WASMTIME_FOLDER GUEST_WASM TARGET
    wasm_worker.py serve   WASMTIME_FOLDER TARGET SHA256 LOCK(auto|required|off) DATA_BYTES

Serving reads a request per line and writes a line per answer, then {"end": true}. The guest can
write neither: what it returns is quoted in them.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import sys
from typing import Any

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.append(sys.argv[2])
import lock  # beside this file

LOADED = '{"status": "value"}'


def _engine() -> Any:
    from wasmtime import Config, Engine

    config = Config()
    config.consume_fuel = True
    return Engine(config)


def compile_guest(source: str, target: str) -> None:
    """Translate the WebAssembly into this processor's code: tens of MB, done once."""
    from wasmtime.component import Component

    component = Component.from_file(_engine(), source)
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(handle, "wb") as file:
        file.write(component.serialize())


class _Guests:
    def __init__(self, path: str) -> None:
        from wasmtime.component import Component, Linker

        self._engine = _engine()
        self._component = Component.deserialize_file(self._engine, path)
        self._linker = Linker(self._engine)
        self._linker.add_wasip2()

    def fresh(self, memory: int) -> _Guest:
        from wasmtime import Store, WasiConfig

        store = Store(self._engine)
        store.set_wasi(WasiConfig())  # nothing is granted: no files, sockets, variables, streams
        store.set_limits(
            memory_size=memory, table_elements=100_000, instances=100, tables=100, memories=10
        )
        return _Guest(store, self._linker, self._component)


class _Guest:
    def __init__(self, store: Any, linker: Any, component: Any) -> None:
        self._store = store
        store.set_fuel(10**9)
        instance = linker.instantiate(store, component)
        self._functions = {name: instance.get_func(store, name) for name in ("load", "call")}

    def ask(self, name: str, request: str, fuel: int) -> dict[str, Any]:
        """{"reply", "fuel"}, or {"trap", "detail", "fuel"}: then the guest is dead."""
        from wasmtime import WasmtimeError

        self._store.set_fuel(fuel)
        answer: dict[str, Any]
        try:
            answer = {"reply": self._functions[name](self._store, request)}
        except WasmtimeError as error:
            text = str(error)
            reason = text.rpartition("Caused by:")[2].strip().removeprefix("wasm trap: ")[:200]
            kind = "fuel" if "all fuel consumed" in reason else "crashed"
            answer = {"trap": kind, "detail": reason}
        except (MemoryError, UnicodeError, RecursionError) as error:
            answer = {"trap": "crashed", "detail": f"its reply cannot be read: {error!r:.100}"}
        answer["fuel"] = fuel - self._store.get_fuel()
        return answer


def grade(guests: _Guests, request: dict[str, Any], send: Any) -> int:
    """Load, call, answer; after a call that killed the guest go on in another one. -> fuel used"""
    calls, fuel = request["calls"], request["fuel"]
    used: int = 0
    done = starts = 0
    while done < len(calls) and starts <= request["interruptions"]:
        starts += 1
        guest = guests.fresh(request["memory"])
        loaded = guest.ask("load", request["load"], fuel)
        used += loaded["fuel"]
        if loaded.get("reply") != LOADED:
            for index in range(done, len(calls)):
                send({"i": index, "loading": True, **loaded})
            return used
        while done < len(calls):
            answer = guest.ask("call", calls[done], fuel)
            send({"i": done, **answer})
            used += answer["fuel"]
            done += 1
            if "trap" in answer:
                break
    return used


def _lock_files(target: str) -> None:
    lock.forbid_privileges()
    lock.lock_files(lock.python_paths([os.path.dirname(lock.__file__), target]))


def _lock_calls(target: str) -> None:
    lock.lock_calls(files=False, new_code=False)


def _tried(step: Any, send: Any, target: str) -> bool:
    """Take a step of locking; a kernel that has a lock and refuses it is no place to go on."""
    try:
        step(target)
    except OSError as error:
        send({"ready": False, "problem": f"could not lock itself: {error}"})
        return False
    return True


def serve() -> None:
    """Answer requests until there are no more."""
    target, digest, choice, data = sys.argv[3], sys.argv[4], sys.argv[5], int(sys.argv[6])
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    if hasattr(signal, "SIGINT"):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent

    with contextlib.suppress(OSError):  # Windows keeps it; the parent removes it then
        os.rmdir(os.getcwd())

    def send(line: dict[str, Any]) -> None:
        rest = memoryview(json.dumps(line).encode() + b"\n")
        while rest:
            rest = rest[out.write(rest) :]

    locks = choice != "off" and lock.landlock_version() > 0 and lock.seccomp_known()
    if choice == "required" and not locks:
        send({"ready": False, "problem": "this kernel has no Landlock, or the processor no filter"})
        return
    if locks and not _tried(_lock_files, send, target):
        return
    with open(target, "rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != digest:
            send({"ready": False, "problem": "the compiled guest is not the one that was built"})
            return
    guests = _Guests(target)
    load = json.dumps({"code": "def f(): return 1", "probe": "", "script": False})
    guests.fresh(1 << 28).ask("load", load, 10**10)  # threads and lazy imports: before the lock
    with contextlib.suppress(ImportError):
        if os.name == "posix":
            lock.limit(None, data if sys.platform.startswith("linux") else None, None, 64)
    if locks and not _tried(_lock_calls, send, target):
        return
    send({"ready": True, "locked": locks})
    alarm = getattr(signal, "alarm", lambda seconds: None)
    for line in sys.stdin.buffer:
        request = json.loads(line)
        alarm(int(request["timeout_s"]) + 5)  # should the parent be gone, the kernel ends this
        used = grade(guests, request, send)
        alarm(0)
        send({"end": True, "fuel": used})


if __name__ == "__main__":
    if sys.argv[1] == "compile":
        compile_guest(sys.argv[3], sys.argv[4])
    else:
        serve()
