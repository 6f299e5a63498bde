"""The project's reward as an endpoint grader of Microsoft Foundry. Made by `rft export foundry`.

POST /grade with {"sample": {...}, "item": {...}} gives {"score": reward}. An answer that cannot be
graded gives 503, which Foundry asks again, never a score of 0. RFT_TOKEN in the environment is
what a request must bear; without it the service answers on this machine only.
"""

from __future__ import annotations

import hmac
import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from rft_reward import NoScoreError, score_sample
from rft_reward.grading import load
from rft_reward.reading import read_text

MAX_BYTES = 1_000_000
"""Foundry sends no more."""


def score(body: dict[str, Any]) -> dict[str, Any]:
    """The reply to one request. Raises KeyError and TypeError for another shape, NoScoreError."""
    sample, item = body["sample"], body["item"]
    if not isinstance(item, dict):
        raise TypeError("item is not an object")
    text, choices = sample["output_text"], sample.get("choices") or [{}]
    if not isinstance(text, str | None):
        raise TypeError("output_text is not text")
    read = read_text(text, choices[0].get("finish_reason"), sample.get("output_tools") or ())
    result = score_sample(read, item)
    return {"score": result.reward, "parts": result.parts, "errors": result.errors}


class Handler(BaseHTTPRequestHandler):
    """One request."""

    timeout = 60

    def do_GET(self) -> None:
        """A sign of life for the platform that runs the container."""
        self.reply(200 if self.path == "/healthz" else 404, {})

    def do_POST(self) -> None:
        """Grade one answer."""
        token = os.environ.get("RFT_TOKEN", "")
        given = self.headers.get("Authorization", "").removeprefix("Bearer ")
        body = self.body()
        if self.path != "/grade":
            return self.reply(404, {"error": "POST /grade"})
        if token and not hmac.compare_digest(given.encode(), token.encode()):
            return self.reply(401, {"error": "the token is missing or wrong"})
        if not 0 < len(body) <= MAX_BYTES:
            return self.reply(413, {"error": f"a request has 1 to {MAX_BYTES} bytes"})
        try:
            return self.reply(200, score(json.loads(body)))
        except NoScoreError as error:
            return self.reply(503, {"error": str(error)})
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            return self.reply(400, {"error": f"not {{sample, item}}: {error!r:.200}"})

    def body(self) -> bytes:
        """The body, of one that is too large a part. The rest is read as well, up to 100 MB: a
        client that is cut off while it sends sees no reply."""
        length = self.headers.get("Content-Length", "")
        left = min(int(length), 100 * MAX_BYTES) if length.isdecimal() else 0
        body = self.rfile.read(min(left, MAX_BYTES + 1))
        left -= len(body)
        while left > 0 and (dropped := self.rfile.read(min(left, MAX_BYTES))):
            left -= len(dropped)
        return body

    def reply(self, status: int, content: dict[str, Any]) -> None:
        """Send JSON."""
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def main() -> None:
    """Serve on PORT (8080). A grader that cannot be used ends it here, not at a request."""
    load()
    host = "0.0.0.0" if os.environ.get("RFT_TOKEN") else "127.0.0.1"
    port = int(os.environ.get("PORT", "8080"))
    server = ThreadingHTTPServer((host, port), Handler)
    print(f"serving on http://{host}:{server.server_port}/grade", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
