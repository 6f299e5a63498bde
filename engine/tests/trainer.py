"""A training vendor for tests: real HTTP in the shapes of OpenAI's fine-tuning contract.

Files, models, jobs, events and checkpoints live in memory. A job moves on by one status each time
it is asked for: validating_files, running, then what `ending` says. `refuse` makes the next POST of
a job fail; `requests` holds what was asked, in order.
"""

from __future__ import annotations

import json
import threading
import time
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.endpoint import JsonHandler, multipart

Reply = tuple[int, Any]
SENT = ("train", "--yes", "--anyway")
"""The command that sends the toy project's job."""


def error(message: str, code: str | None = None) -> dict[str, Any]:
    """OpenAI's error object."""
    return {"error": {"message": message, "type": "t", "param": None, "code": code}}


def metrics(step: int, total: int = 3, **data: Any) -> dict[str, Any]:
    """The data of a metrics event in the guide's shape."""
    return {"step": step, "total_steps": total, **data}


def reward(step: int, train: float, valid: float | None = None, **data: Any) -> dict[str, Any]:
    """Metrics of one step of a reinforcement job."""
    scores: dict[str, Any] = {"train_reward_mean": train, "valid_reward_mean": valid, "graders": []}
    return metrics(step, scores=scores, **data)


class Trainer:
    """Serve on a free loopback port."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str]] = []
        self.files: dict[str, dict[str, Any]] = {}
        self.contents: dict[str, bytes] = {}
        self.jobs: dict[str, dict[str, Any]] = {}
        self._looks: dict[str, int] = {}
        self.bodies: list[dict[str, Any]] = []
        self.steps: list[dict[str, Any]] = [reward(1, 0.2), reward(2, 0.4, 0.5)]
        self.models: dict[str, dict[str, Any]] = {"toy-model": {}}
        self.refuse: Reply | None = None
        self.file_status: list[str | None] = ["processed"]
        """Status of each upload at once, then at each later look at it; the last one stays."""
        self.between: list[str] = []
        """States of a job after running, one for each look at it."""
        self.more_pages = False
        """Say that there are more events, and send the same page again."""
        self.odd_events: list[Any] = []
        self.events_reply: Reply | None = None
        self.job_reply: Any = ...
        """What a job is reported as, unless it is `...`."""
        self.ending: dict[str, Any] = {"status": "succeeded", "fine_tuned_model": "ft:toy:1"}
        self.hold = False
        """A job stays running until it is told otherwise."""
        self.lose_answer = False
        """Make the job, then break the connection: what a killed client sees."""
        outer = self

        class Handler(JsonHandler):
            def do_GET(self) -> None:
                self.send((*outer.get(self.path.partition("?")[0].partition("/v1/")[2]), {}))

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["content-length"] or 0))
                path = self.path.partition("/v1/")[2]
                outer.requests.append(("POST", path))
                if path == "files":
                    self.send((*outer.add_file(raw, self.headers["content-type"]), {}))
                elif path == "fine_tuning/jobs":
                    reply = outer.add_job(json.loads(raw))
                    if outer.lose_answer:
                        self.close_connection = True
                        return
                    self.send((*reply, {}))
                else:
                    self.send((*outer.act(path), {}))

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def uploads(self) -> int:
        """How many files were sent."""
        return self.requests.count(("POST", "files"))

    def add_file(self, raw: bytes, kind: str) -> Reply:
        """files.create: multipart, as the SDK sends it."""
        parts = multipart(raw, kind)
        content: bytes = parts["file"].get_payload(decode=True)
        name = f"file-{len(self.contents) + 1}"
        self.contents[name] = content
        self.files[name] = {
            "id": name,
            "object": "file",
            "bytes": len(content),
            "created_at": int(time.time()),
            "filename": parts["file"].get_filename(),
            "purpose": parts["purpose"].get_payload(decode=True).decode().strip(),
            "status": self.file_status[0],
            "status_details": "row 3 is not valid JSON" if self._refused() else None,
        }
        self._looks[name] = 0
        return 200, self.files[name]

    def _refused(self) -> bool:
        words = ("error", "fail", "delete", "cancel")
        return any(word in str(self.file_status[-1]).lower() for word in words)

    def _looked_at(self, name: str) -> dict[str, Any]:
        self._looks[name] += 1
        status = self.file_status[min(self._looks[name], len(self.file_status) - 1)]
        return self.files[name] | {"status": status}

    def add_job(self, body: dict[str, Any]) -> Reply:
        """fine_tuning.jobs.create."""
        if self.refuse:
            return self.refuse
        self.bodies.append(body)
        name = f"ftjob-{len(self.jobs) + 1}"
        self.jobs[name] = {
            "id": name,
            "object": "fine_tuning.job",
            "created_at": int(time.time()),
            "status": "validating_files",
            "model": body["model"],
            "training_file": body["training_file"],
            "validation_file": body.get("validation_file"),
            "metadata": body.get("metadata"),
            "method": body["method"],
            "fine_tuned_model": None,
            "hyperparameters": {},
            "organization_id": "org",
            "result_files": [],
            "seed": 0,
            "error": None,
            "finished_at": None,
            "trained_tokens": None,
        }
        return 200, self.jobs[name]

    def act(self, path: str) -> Reply:
        """pause, resume and cancel."""
        _, _, name, action = path.split("/")
        status = {"pause": "paused", "resume": "running", "cancel": "cancelled"}[action]
        self.jobs[name]["status"] = status
        return 200, self.jobs[name]

    def get(self, path: str) -> Reply:
        """Everything that is asked for."""
        self.requests.append(("GET", path))
        match path.split("/"):
            case ["models", name]:
                if name not in self.models:
                    return 404, error(f"no model {name}", "model_not_found")
                known = {"id": name, "object": "model", "created": 1, "owned_by": "me"}
                return 200, known | self.models[name]
            case ["files", name]:
                if name not in self.files:
                    return 404, error("no file")
                return 200, self._looked_at(name)
            case ["fine_tuning", "jobs"]:
                return 200, _page(list(reversed(self.jobs.values())))
            case ["fine_tuning", "jobs", name] if name in self.jobs:
                return 200, self._moved(
                    self.jobs[name]
                ) if self.job_reply is ... else self.job_reply
            case ["fine_tuning", "jobs", name, "events"] if name in self.jobs:
                page = _page(list(reversed(self._events(self.jobs[name]))))
                return self.events_reply or (200, page | {"has_more": self.more_pages})
            case ["fine_tuning", "jobs", name, "checkpoints"]:
                return 200, _page([])
        return 404, error("no such path")

    def _moved(self, job: dict[str, Any]) -> dict[str, Any]:
        if job["status"] == "validating_files":
            job["status"] = "running"
        elif self.between:
            job["status"] = self.between.pop(0)
        elif job["status"] not in ("paused", "cancelled") and not self.hold:
            job |= self.ending
        return job

    def _events(self, job: dict[str, Any]) -> list[dict[str, Any]]:
        base = {"object": "fine_tuning.job.event", "created_at": 1, "level": "info"}
        steps = self.steps if job["status"] != "validating_files" else []
        return [
            base | {"id": "ev-0", "type": "message", "message": "Files were read."},
            *(
                base | {"id": f"ev-{n}", "type": "metrics", "message": f"Step {n}", "data": data}
                for n, data in enumerate(steps, start=1)
            ),
            *self.odd_events,
        ]

    def __enter__(self) -> Trainer:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *args: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _page(entries: list[dict[str, Any]]) -> dict[str, Any]:
    return {"object": "list", "data": entries, "has_more": False}


def job_folder(project: Path) -> Path:
    """The folder of the one job of a project."""
    (folder,) = [path for path in (project / "runs/train").iterdir() if path.is_dir()]
    return folder
