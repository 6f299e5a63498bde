"""`Project.review`: serve the page on loopback until it is told to stop."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from rft.errors import OutsideError, UserError, install_hint

if TYPE_CHECKING:
    from rft.project import Project

HOST = "127.0.0.1"


def review(project: Project, port: int, say: Callable[[str], None]) -> None:
    """Serve the page until SIGINT or SIGTERM; `port` 0 takes a free one.

    `say` gets the address, which holds the token, once the page answers there. Raises UserError
    when the extra is not installed or the task is broken, OutsideError when the port is taken.
    """
    try:
        import uvicorn

        from rft.review.app import make_app
        from rft.review.desk import Desk
        from rft.review.gate import Keys
    except ImportError:
        raise UserError(f"rft review needs the 'review' extra; {install_hint('review')}.") from None
    keys = Keys.new()
    desk = Desk(project)
    try:  # it listens at once: a browser may connect before uvicorn is ready
        listener = socket.create_server((HOST, port))
    except OSError as error:
        raise OutsideError(
            f"{HOST}:{port} cannot be used: {error.strerror or error}; name another --port."
        ) from None
    with listener:
        port = listener.getsockname()[1]
        app = make_app(desk, keys, cookie=f"rft_review_{port}")
        say(f"http://{HOST}:{port}/?token={keys.token}")
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, timeout_graceful_shutdown=5
        )
        uvicorn.Server(config).run(sockets=[listener])
