"""Start the service: open its state, bind its address, serve until it is told to stop."""

from __future__ import annotations

import ipaddress
import json
import os
import socket
from pathlib import Path

from rft.config import Settings
from rft.errors import OutsideError, UserError, install_hint
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

    Writes <state>/serve.json, by which other commands find the address, and prints it. Raises
    UserError when other machines can reach the address and there is no key, or when another service
    uses the state.
    """
    try:
        import uvicorn

        from rft.local.api.app import make_app
        from rft.local.api.service import Service
    except ImportError:
        raise UserError(f"rft serve needs the 'local' extra; {install_hint('local')}.") from None
    from rft.local.catalog import Catalog
    from rft.local.engines import Engines
    from rft.local.scheduler import Scheduler

    key = os.environ.get(key_env, "").strip() if key_env else ""
    if key_env and not key:
        raise UserError(f"{key_env} is not set; put the key that clients must send into it.")
    taken = f"Another rft serve uses {state}; stop it, or name another folder with --state."
    store = Store(state)  # first: it makes the folder for this user only
    with exclusive(state / "serve.lock", taken), _bound(host, port) as listener:
        host, port = listener.getsockname()[:2]
        loopback = ipaddress.ip_address(host).is_loopback
        if not loopback and not key:
            raise UserError(
                f"{host} is open to other machines, and graders are code: name the variable that "
                "holds a key with --key-env, or leave --host out."
            )
        catalog = Catalog(store, settings)
        endpoint = settings.endpoint
        engines = Engines(
            catalog, slots=slots, context_tokens=endpoint.context_tokens, threads=endpoint.threads
        )
        scheduler = Scheduler(store, limit=workers, root=settings.root, key_env=key_env)
        service = Service(store, catalog, engines, scheduler, settings)
        app = make_app(service, key=key, loopback=loopback)
        url = f"http://{f'[{host}]' if ':' in host else host}:{port}/v1"
        project = {"project": str(settings.root), "settings": str(settings.file)}
        write_text(state / "project.json", json.dumps(project))
        write_text(state / "serve.json", json.dumps({"url": url, "pid": os.getpid()}))
        print(f"Serving {url} (state in {state}); Ctrl-C stops it.", flush=True)
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, timeout_graceful_shutdown=5
        )
        try:
            uvicorn.Server(config).run(sockets=[listener])
        finally:
            (state / "serve.json").unlink(missing_ok=True)


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:  # it listens at once, since a reader of serve.json may connect before uvicorn is ready
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise OutsideError(
            f"{host}:{port} cannot be bound: {error.strerror or error}; name another --port."
        ) from None
