"""The tiers: which can be used here, why not, what to do; never a weaker one than asked for."""

from __future__ import annotations

import importlib.util
import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from functools import cache

from rft.errors import UserError, install_hint
from rft.sandbox import build
from rft.sandbox.guest import lock
from rft.sandbox.process import bwrap_path

NAMES = ("auto", "wasm", "wasm+lock", "native", "landlock", "bwrap")


@dataclass(frozen=True)
class Tier:
    """One tier on this machine. `why`: what it is or lacks; `remedy`: what to do about that."""

    name: str
    usable: bool
    why: str
    remedy: str = ""


_USE_WASM = 'set tier = "wasm"'


@dataclass(frozen=True)
class Plan:
    """The tier in force. `guest` None: a native one. `lock`, of wasm workers: auto or required."""

    name: str
    guest: build.Guest | None = None
    lock: str = "auto"
    wrapper: str | None = None


def choose(wanted: str) -> Plan:
    """The tier that is asked for, built if need be. Raises UserError with reason and remedy."""
    if wanted not in NAMES:
        raise UserError(
            f"sandbox.tier: '{wanted}' is not a tier; choose one of {', '.join(NAMES)}."
        )
    names = {"auto": ("wasm",), "native": ("landlock", "bwrap")}.get(wanted, (wanted,))
    known = [_probe(name) for name in names]
    usable = next((tier for tier in known if tier.usable), None)
    if usable is None:
        reasons = "; ".join(f"{tier.name}: {tier.why}" for tier in known)
        remedies = " or ".join(dict.fromkeys(tier.remedy for tier in known))
        raise UserError(
            f"Untrusted code is not run: sandbox tier '{wanted}' cannot be used here ({reasons}). "
            f"To fix it, {remedies}."
        )
    if usable.name == "landlock":
        return Plan("landlock")
    if usable.name == "bwrap":
        return Plan("bwrap", wrapper=bwrap_path())
    return Plan(usable.name, build.guest(), "required" if usable.name == "wasm+lock" else "auto")


def survey() -> list[Tier]:
    """All tiers, strongest first."""
    return [_probe(name) for name in ("wasm+lock", "wasm", "landlock", "bwrap")]


def locks() -> bool:
    """Whether a wasm worker locks itself here."""
    return _landlock().usable


@cache
def _probe(name: str) -> Tier:
    if name == "wasm":
        return _wasm()
    if name == "landlock":
        return _landlock()
    if name == "bwrap":
        return _bwrap()
    inner, outer = _wasm(), _landlock()
    missing = next((tier for tier in (inner, outer) if not tier.usable), None)
    if missing:
        remedy = missing.remedy if missing is inner else _USE_WASM
        return Tier(name, False, missing.why, remedy)
    return Tier(name, True, f"{inner.why}, in a process locked by {outer.why}")


def _wasm() -> Tier:
    install = install_hint("sandbox")
    for module, package in (("wasmtime", "wasmtime"), ("componentize_py", "componentize-py")):
        if importlib.util.find_spec(module) is None:
            if sys.platform == "win32" and platform.machine() == "ARM64":
                install = "take an x86-64 Python: componentize-py has no build for ARM64 Windows"
            return Tier("wasm", False, f"{package} is not installed", install)
    versions = build.versions()
    state = "built" if build.is_built() else "is built at first use, about 20 s"
    return Tier("wasm", True, f"CPython in WebAssembly (wasmtime {versions['wasmtime']}; {state})")


def _landlock() -> Tier:
    if not sys.platform.startswith("linux"):
        return Tier("landlock", False, "it needs Linux", _USE_WASM)
    version = lock.landlock_version()
    if not version:
        return Tier(
            "landlock",
            False,
            "this kernel has no Landlock (5.13 or newer, not inside gVisor)",
            f"{_USE_WASM}, or add landlock to the kernel's lsm= list",
        )
    if not lock.seccomp_known():
        return _no_filter("landlock")
    return Tier("landlock", True, f"Landlock version {version} and seccomp")


def _no_filter(name: str) -> Tier:
    why = f"there is no system call filter for {platform.machine()}"
    return Tier(name, False, why, _USE_WASM)


def _bwrap() -> Tier:
    path = bwrap_path()
    if not path:
        linux = sys.platform.startswith("linux")
        why = "bubblewrap is not installed" if linux else "it needs Linux"
        return Tier("bwrap", False, why, "run `apt install bubblewrap`" if linux else _USE_WASM)
    if not lock.seccomp_known():
        return _no_filter("bwrap")
    command = [path, "--unshare-all", "--ro-bind", "/", "/", "--", "/bin/true"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=20, check=False, env={})
        message = done.stderr.decode("utf-8", "replace").strip()[:120]
    except (OSError, subprocess.TimeoutExpired) as error:
        return Tier("bwrap", False, f"it does not start ({error})", "repair its installation")
    if done.returncode:
        remedy = "allow user namespaces (not possible inside most containers)"
        return Tier("bwrap", False, f"it may not create namespaces ({message})", remedy)
    return Tier("bwrap", True, f"namespaces of {os.path.basename(path)}, and seccomp")
