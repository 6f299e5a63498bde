"""A vendor with a Batch API for tests, in the shapes of OpenAI's contract.

A batch moves on by one of `states` each time it is asked for, then ends as `ending` says; its
requests are answered by `reply`, as one by one.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from http.server import ThreadingHTTPServer
from typing import Any

from tests.endpoint import JsonHandler, Reply, backwards, multipart


class BatchVendor:
    """Serve on a free loopback port."""

    def __init__(self) -> None:
        self.reply: Callable[[dict[str, Any]], Reply] = backwards
        self.states = ["validating", "in_progress", "finalizing"]
        self.ending = "completed"
        self.answered = 10**9
        """So many requests of a batch are answered; the others expire or are cancelled."""
        self.says_why = True
        """The error file has a line for each of those."""
        self.errors: list[dict[str, Any]] = []
        """Of a batch that failed its validation."""
        self.lose_answer = False
        """Create the batch, then break the connection: what a killed client sees."""
        self.most_requests = 50_000
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self.bodies: list[dict[str, Any]] = []
        """Of all requests in all batches."""
        outer = self

        class Handler(JsonHandler):
            def do_GET(self) -> None:
                self.send(outer.get(self.path.partition("?")[0].removeprefix("/v1/").split("/")))

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["content-length"] or 0))
                if self.path == "/v1/files":
                    self.send(outer.add_file(multipart(raw, self.headers["content-type"])))
                elif self.path == "/v1/batches":
                    reply = outer.add_batch(json.loads(raw))
                    if outer.lose_answer:
                        self.close_connection = True
                        return
                    self.send(reply)
                else:
                    self.send((404, {"error": {"message": "no such path"}}, {}))

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def add_file(self, parts: dict[str, Any]) -> Reply:
        """files.create."""
        assert parts["purpose"].get_payload(decode=True) == b"batch"
        return 200, self._file(parts["file"].get_payload(decode=True)), {}

    def _file(self, content: bytes) -> dict[str, Any]:
        name = f"file-{len(self.files) + 1}"
        self.files[name] = content
        known = {"id": name, "object": "file", "bytes": len(content), "created_at": 1}
        return known | {"filename": "f.jsonl", "purpose": "batch", "status": "processed"}

    def add_batch(self, body: dict[str, Any]) -> Reply:
        """batches.create."""
        requests = [json.loads(line) for line in self.files[body["input_file_id"]].splitlines()]
        assert 0 < len(requests) <= self.most_requests
        assert len({r["custom_id"] for r in requests}) == len(requests)
        assert {(r["method"], r["url"]) for r in requests} == {("POST", body["endpoint"])}
        self.bodies += [r["body"] for r in requests]
        name = f"batch-{len(self.batches) + 1}"
        self.batches[name] = {
            "id": name,
            "object": "batch",
            "endpoint": body["endpoint"],
            "completion_window": body["completion_window"],
            "created_at": int(time.time()),
            "input_file_id": body["input_file_id"],
            "metadata": body["metadata"],
            "status": "validating",
            "request_counts": {"total": len(requests), "completed": 0, "failed": 0},
            "left": list(self.states),
        }
        return 200, self._shown(name), {}

    def get(self, path: list[str]) -> Reply:
        """Everything that is asked for."""
        match path:
            case ["batches"]:
                page = [self._shown(name) for name in reversed(self.batches)]
                return 200, {"object": "list", "data": page, "has_more": False}, {}
            case ["batches", name] if name in self.batches:
                self._move(self.batches[name])
                return 200, self._shown(name), {}
            case ["files", name, "content"] if name in self.files:
                return 200, self.files[name], {"content-type": "application/octet-stream"}
        return 404, {"error": {"message": "no such path"}}, {}

    def _shown(self, name: str) -> dict[str, Any]:
        return {k: v for k, v in self.batches[name].items() if k != "left"}

    def _move(self, batch: dict[str, Any]) -> None:
        if batch["left"]:
            batch["status"] = batch["left"].pop(0)
        elif batch["status"] != self.ending:
            batch["status"] = self.ending
            if self.ending == "failed":
                batch["errors"] = {"object": "list", "data": self.errors}
            else:
                self._answer(batch)

    def _answer(self, batch: dict[str, Any]) -> None:
        requests = [json.loads(line) for line in self.files[batch["input_file_id"]].splitlines()]
        output: list[dict[str, Any]] = []
        errors: list[dict[str, Any]] = []
        for number, request in enumerate(reversed(requests)):  # in no promised order
            line = {"id": f"r-{number}", "custom_id": request["custom_id"], "error": None}
            if number >= self.answered:
                cause = {"code": f"batch_{self.ending}", "message": "It was not executed in time."}
                if self.says_why:
                    errors.append(line | {"response": None, "error": cause})
                continue
            status, body, _ = self.reply(request["body"])
            response = {"status_code": status, "request_id": "x", "body": body}
            (output if status == 200 else errors).append(line | {"response": response})
        for field, lines in (("output_file_id", output), ("error_file_id", errors)):
            text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
            batch[field] = self._file(text.encode())["id"] if lines else None

    def __enter__(self) -> BatchVendor:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *args: object) -> None:
        self._server.shutdown()
        self._server.server_close()
