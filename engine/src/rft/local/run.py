"""Start the service: open its state, bind its address, serve until it is told to stop."""

from __future__ import annotations

import ipaddress
import json
import os
import socket
from pathlib import Path

from rft.config import Settings
from rft.errors import OutsideError, UserError
from rft.files import write_text
from rft.local.store import Store
from rft.locks import exclusive


def run(
    settings: Settings,
    state: Path,
    *,
    host: str,
    port: int,
    key_env: str,
    workers: int,
    slots: int,
) -> None:
    """Serve until SIGINT or SIGTERM. `port` 0 takes a free one.

    Writes <state>/serve.json with the address for others to find, and prints it. Raises UserError
    when the address is open to others and there is no key, or another service has the state.
    """
    try:
        import uvicorn

        from rft.local.api.app import make_app
        from rft.local.api.service import Service
    except ImportError:
        raise UserError(
            "rft serve needs the packages of the 'local' extra; install it (make setup does)."
        ) from None
    from rft.local.catalog import Catalog
    from rft.local.engines import Engines
    from rft.local.scheduler import Scheduler

    loopback = is_loopback_host(host)
    key = os.environ.get(key_env, "").strip() if key_env else ""
    if key_env and not key:
        raise UserError(f"{key_env} is not set; put the key that clients must send into it.")
    if not loopback and not key:
        raise UserError(
            f"{host} is open to other machines, and graders are code: name the variable that holds "
            "a key with --key-env, or leave --host out."
        )
    taken = f"Another rft serve uses {state}; stop it, or name another folder with --state."
    store = Store(state)  # first: it makes the folder for this user only
    with exclusive(state / "serve.lock", taken):
        catalog = Catalog(store, settings)
        endpoint = settings.endpoint
        engines = Engines(
            catalog, slots=slots, context_tokens=endpoint.context_tokens, threads=endpoint.threads
        )
        scheduler = Scheduler(store, limit=workers, root=settings.root, key_env=key_env)
        service = Service(store, catalog, engines, scheduler, settings)
        app = make_app(service, key=key, loopback=loopback)
        bound = _bind(host, port)
        url = f"http://{f'[{host}]' if ':' in host else host}:{bound.getsockname()[1]}/v1"
        project = {"project": str(settings.root), "settings": str(settings.file)}
        write_text(state / "project.json", json.dumps(project))
        write_text(state / "serve.json", json.dumps({"url": url, "pid": os.getpid()}))
        print(f"Serving {url} (state in {state}); Ctrl-C stops it.", flush=True)
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, timeout_graceful_shutdown=5
        )
        try:
            uvicorn.Server(config).run(sockets=[bound])
        finally:
            (state / "serve.json").unlink(missing_ok=True)


def is_loopback_host(host: str) -> bool:
    """Whether only this machine can reach the address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _bind(host: str, port: int) -> socket.socket:
    try:
        kind = socket.AF_INET6 if ":" in host else socket.AF_INET
        bound = socket.socket(kind, socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen()  # who reads the address below may connect at once
    except OSError as error:
        raise OutsideError(
            f"{host}:{port} cannot be bound: {error.strerror or error}; name another --port."
        ) from None
    return bound
