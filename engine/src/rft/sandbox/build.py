"""CPython as a WebAssembly component: built once per user, kept in the cache folder.

The compiled file is native code, so whoever can write it can run anything: its folder belongs to
this user alone (0700, checked), and its SHA-256 is compared whenever it is loaded.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rft.cache import cache_folder
from rft.errors import OutsideError, UserError, install_hint

GUEST = Path(__file__).with_name("guest")
WORKER = GUEST / "wasm_worker.py"
_SOURCES = ("app.py", "runner.py", "runner.wit")
_BUILD_S = 600
_COMPONENTIZE = "import sys; from componentize_py import script; sys.exit(script())"


@dataclass(frozen=True)
class Guest:
    """Where the compiled guest is, its SHA-256, and the folder from which wasmtime is imported."""

    path: Path
    sha256: str
    wasmtime: str


def versions() -> dict[str, str]:
    """Versions of the two packages; raises UserError when the extra is not installed."""
    try:
        return {name: importlib.metadata.version(name) for name in ("wasmtime", "componentize-py")}
    except importlib.metadata.PackageNotFoundError as error:
        raise UserError(
            f"The wasm sandbox needs the 'sandbox' extra ({error.name}); {install_hint('sandbox')}."
        ) from None


def _key() -> str:
    parts = [json.dumps(versions()), platform.machine(), sys.platform, WORKER.read_text("utf-8")]
    parts += [(GUEST / name).read_text("utf-8") for name in _SOURCES]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]


def _wasmtime_folder() -> str:
    spec = importlib.util.find_spec("wasmtime")
    if spec is None or not spec.origin:
        raise UserError(f"The package wasmtime cannot be found; {install_hint('sandbox')}.")
    return str(Path(spec.origin).parent.parent)


def folder() -> Path:
    """The guest's folder for these versions; it need not exist."""
    return cache_folder() / "sandbox" / _key()


def is_built() -> bool:
    """Whether the guest is there already."""
    return (folder() / "manifest.json").is_file()


def guest() -> Guest:
    """The compiled guest, made now if there is none for these versions (10 to 60 seconds).

    Raises UserError without the packages or with an unsafe folder, OutsideError when it fails.
    """
    place = folder()
    manifest = place / "manifest.json"
    try:
        place.parent.parent.mkdir(parents=True, exist_ok=True)
        for private in (place.parent, place):
            private.mkdir(exist_ok=True, mode=0o700)
            _make_private(private)
        if not manifest.is_file():
            from filelock import FileLock

            with FileLock(place.parent / f"{place.name}.lock"):
                if not manifest.is_file():
                    _build(place)
        digest = json.loads(manifest.read_text("utf-8"))["sha256"]
    except (ValueError, KeyError, TypeError):
        raise OutsideError(
            f"{manifest} is damaged; delete {place}, and it is built again."
        ) from None
    except OSError as error:
        raise OutsideError(
            f"The sandbox's guest cannot be kept in {place}: {error.strerror or error}; make room "
            "there (100 MB) or set RFT_CACHE to another folder."
        ) from None
    return Guest(place / "guest.cwasm", str(digest), _wasmtime_folder())


def _make_private(place: Path) -> None:
    if os.name != "posix":
        return  # the user's profile folder is private on Windows
    state = place.lstat()
    if state.st_uid != os.getuid() or place.is_symlink():
        raise UserError(
            f"{place} belongs to another user or is a link; what lies there would be run. Set "
            "RFT_CACHE to a folder of your own."
        )
    if state.st_mode & 0o077:
        if state.st_mode & 0o022 and any(place.iterdir()):
            raise UserError(
                f"{place} could be written by others; delete it, and it is built again."
            )
        place.chmod(0o700)


def _build(place: Path) -> None:
    print("Building the Python that runs untrusted code (once, about 20 s) ...", file=sys.stderr)
    with tempfile.TemporaryDirectory(dir=place) as name:
        scratch = Path(name)
        for source in _SOURCES:
            shutil.copy(GUEST / source, scratch)
        (scratch / "none").mkdir()
        command = ["-d", "runner.wit", "-w", "runner", "componentize", "-p", ".", "app"]
        _run(
            [sys.executable, "-I", "-c", _COMPONENTIZE, *command, "-o", "guest.wasm"],
            scratch,
            # A virtual environment that is empty: nothing of the real one gets into the guest.
            {"VIRTUAL_ENV": str(scratch / "none"), "PYTHONPATH": ""},
        )
        target = scratch / "guest.cwasm"
        worker = [sys.executable, "-I", "-B", str(WORKER), "compile", _wasmtime_folder()]
        _run([*worker, str(scratch / "guest.wasm"), str(target)], scratch, {})
        with target.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        os.replace(target, place / "guest.cwasm")
        made = {"sha256": digest, "versions": versions(), "machine": platform.machine()}
        ready = scratch / "manifest.json"
        ready.write_text(json.dumps(made), encoding="utf-8")
        os.replace(ready, place / "manifest.json")  # last: with it the guest counts as built
        _forget_old(place)


def _run(command: list[str], cwd: Path, extra: dict[str, str]) -> None:
    kept = ("PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "LD_LIBRARY_PATH")
    env = {name: os.environ[name] for name in kept if name in os.environ} | extra
    try:
        done = subprocess.run(
            command, cwd=cwd, env=env, capture_output=True, timeout=_BUILD_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise OutsideError(
            f"Building the sandbox's guest took longer than {_BUILD_S} s; run it again on a less "
            "busy machine."
        ) from None
    if done.returncode:
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or ["no message"]
        raise OutsideError(
            f"The sandbox's guest could not be built ({last[0][:200]}); run `rft doctor`."
        )


def _forget_old(place: Path) -> None:
    """Remove guests of earlier versions that nobody has loaded for a month."""
    newest = place.stat().st_mtime
    for other in place.parent.iterdir():
        with contextlib.suppress(OSError):
            if other.is_dir() and other.stat().st_mtime < newest - 30 * 86400:
                shutil.rmtree(other)
