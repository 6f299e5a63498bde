"""An OpenAI-shaped server for tests: right answers, and every fault a vendor can have."""

from __future__ import annotations

import contextlib
import email.parser
import email.policy
import json
import struct
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SO_LINGER, SOL_SOCKET
from typing import Any

Reply = tuple[int, dict[str, Any] | list[Any] | str | bytes | None, dict[str, str]]
"""Status, body (JSON, or text or bytes as they are), headers."""
RESET = 0
"""As a status: the connection breaks in place of a reply."""
DRIP = "x-drip"
"""As a header: the body comes in pieces of so many bytes."""


def completion(text: str | None, finish: str = "stop", **message: Any) -> dict[str, Any]:
    """The body of a chat completion that answers `text`."""
    return {
        "id": "c-1",
        "object": "chat.completion",
        "created": 1,
        "model": "toy-model",
        "choices": [
            {
                "index": 0,
                "finish_reason": finish,
                "message": {"role": "assistant", "content": text, **message},
            }
        ],
        "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
    }


def backwards(body: dict[str, Any]) -> Reply:
    """Solve the toy task."""
    word = body["messages"][-1]["content"]
    return 200, completion(json.dumps({"backwards": word[::-1]})), {}


def multipart(raw: bytes, kind: str) -> dict[str, Any]:
    """The parts of a form that the SDK sent, by name."""
    head = f"content-type: {kind}\r\n\r\n".encode()
    message = email.parser.BytesParser(policy=email.policy.default).parsebytes(head + raw)
    return {
        str(part.get_param("name", header="content-disposition")): part
        for part in message.iter_parts()
    }


class JsonHandler(BaseHTTPRequestHandler):
    """Answers with JSON, or with text as it is, over a connection that stays open."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each answer waits 40 ms for an acknowledgement

    def send(self, reply: Reply) -> None:
        status, content, headers = reply
        if status == RESET:
            self.connection.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
            return
        text = content if isinstance(content, str | bytes) else json.dumps(content)
        raw = text.encode() if isinstance(text, str) else text
        self.send_response(status)
        headers = {"content-type": "application/json", "content-length": str(len(raw)), **headers}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(BrokenPipeError):  # a client that does not wait for the end
            for start in range(0, len(raw), drip := int(headers.get(DRIP, len(raw) or 1))):
                self.wfile.write(raw[start : start + drip])
                time.sleep(0.01 if DRIP in headers else 0)
        if headers["content-length"] != str(len(raw)):  # a body that is cut off
            self.close_connection = True

    def log_message(self, *args: Any) -> None:
        pass


class Endpoint:
    """Serve `reply(body)` on a free loopback port; `bodies` holds what was sent."""

    def __init__(self) -> None:
        self.reply: Callable[[dict[str, Any]], Reply] = backwards
        self.models: Reply = (200, {"object": "list", "data": []}, {})
        self.bodies: list[dict[str, Any]] = []
        self.keys: set[str] = set()
        self.paths: set[str] = set()
        self.gone = False
        outer = self

        class Handler(JsonHandler):
            def do_GET(self) -> None:
                outer.keys.add(self.headers.get("authorization", ""))
                self.send(outer.models)

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                if outer.gone:
                    self.close_connection = True
                    return
                outer.bodies.append(body)
                outer.paths.add(self.path)
                self.send(outer.reply(body))

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self) -> Endpoint:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *args: object) -> None:
        self.stop_listening()

    def stop_listening(self) -> None:
        """Refuse every connection from now on; those that are open are cut off."""
        self.gone = True
        self._server.shutdown()
        self._server.server_close()
