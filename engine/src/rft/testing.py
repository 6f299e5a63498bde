"""For tests of a project: a small endpoint on loopback, and a small copy of the project.

with small_copy(root, folder) as project, AnswerEndpoint(answer_of) as endpoint:
    endpoint.serve_to(project, base="base", tuned="tuned")
"""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import tomlkit

Message = dict[str, str]
AnswerFunction = Callable[[str, list[Message]], str]
"""(model, messages) -> the text of the answer."""


class AnswerEndpoint:
    """An OpenAI-compatible endpoint whose answers a function gives. Use it in a `with` block."""

    def __init__(self, answer: AnswerFunction) -> None:
        handler = type("Handler", (_Handler,), {"answer": staticmethod(answer)})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self) -> AnswerEndpoint:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def serve_to(self, root: Path, **models: str) -> None:
        """Point the project in `root` to this endpoint, with these names under [models]."""
        path = root / "rft.toml"
        settings = tomlkit.parse(path.read_text(encoding="utf-8"))
        settings.setdefault("endpoint", {}).update(profile="compatible", base_url=self.url)
        settings["models"] = models
        path.write_text(tomlkit.dumps(settings), encoding="utf-8")


def small_copy(root: Path, target: Path, rows: int = 6) -> Path:
    """Copy a project without its runs, keep the first rows of each split; the copy's folder.

    Probes, labels and people's answers to rows that are gone are left out.
    """
    unwanted = shutil.ignore_patterns(".*", "runs", "vendor", "__pycache__")
    shutil.copytree(root, target, ignore=unwanted)
    kept: set[str] = set()
    for path in (target / "task" / "data").glob("*.jsonl"):
        lines = _lines(path)[:rows]
        kept |= {json.loads(line)["id"] for line in lines}
        path.write_text("".join(lines), encoding="utf-8")
    for path in (target / "task").glob("*.jsonl"):
        lines = [line for line in _lines(path) if json.loads(line).get("item_id") in kept]
        path.write_text("".join(lines), encoding="utf-8")
    return target


def _lines(path: Path) -> list[str]:
    return [line + "\n" for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]


class _Handler(BaseHTTPRequestHandler):
    answer: AnswerFunction

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        text = type(self).answer(body["model"], body["messages"])
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        usage = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}
        head = {"id": "c", "object": "chat.completion", "created": 1, "model": body["model"]}
        self._reply(head | {"choices": [choice], "usage": usage})

    def do_GET(self) -> None:
        self._reply({"object": "list", "data": []})

    def _reply(self, content: dict[str, Any]) -> None:
        data = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Keep the terminal quiet."""
