"""A page in headless Chromium, driven over its debugging pipe: no driver, no further package."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync "
    "--disable-background-networking --disable-component-update --remote-debugging-pipe"
)
PATIENCE_S = 60


class Tab:
    """One open page. `complaints` holds what its console said and what it could not load."""

    def __init__(self, profile: Path) -> None:
        to_browser, self._to = os.pipe()
        self._from, from_browser = os.pipe()
        # Chromium reads commands from descriptor 3 and answers on 4.
        command = f'exec "$0" {FLAGS} "$1" 3<&{to_browser} 4>&{from_browser}'
        self._process = subprocess.Popen(
            ["bash", "-c", command, CHROMIUM, f"--user-data-dir={profile}"],
            pass_fds=(to_browser, from_browser),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_browser)
        os.close(from_browser)
        self._left, self._sent, self._session = b"", 0, ""
        self.complaints: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = session["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command of Chromium's DevTools protocol and wait for what it gives."""
        self._sent += 1
        message = {"id": self._sent, "method": method, "params": params}
        message |= {"sessionId": self._session} if self._session else {}
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._sent:
                assert "error" not in answer, answer
                return dict(answer["result"])
            event = answer.get("method")
            if event in ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded"):
                self.complaints.append(json.dumps(answer["params"]))

    def open(self, address: str) -> None:
        """Load a page anew and wait until its script has run."""
        self.call("Page.navigate", url="about:blank")
        self.call("Page.navigate", url=address)
        self.wait("document.readyState == 'complete' && location.protocol != 'about:'")

    def wait(self, condition: str) -> None:
        """Wait until a JavaScript expression is true, for example after a form was sent."""
        end = time.monotonic() + PATIENCE_S
        while self.js(condition) is not True:
            assert time.monotonic() < end, f"{condition} did not become true"
            time.sleep(0.02)

    def js(self, expression: str) -> Any:
        """The value of a JavaScript expression on the page."""
        reply = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        return reply["result"].get("value")

    def press(self, keys: str) -> None:
        """Type these characters, one key after the other."""
        for key in keys:
            self.call("Input.dispatchKeyEvent", type="keyDown", key=key, text=key)
            self.call("Input.dispatchKeyEvent", type="keyUp", key=key)

    def hit(self, key: str, *, ctrl: bool = False) -> None:
        """Hit a key that types nothing, by its name, such as Enter or ArrowDown."""
        held = {"modifiers": 2 if ctrl else 0, "key": key}
        self.call("Input.dispatchKeyEvent", type="keyDown", **held)
        self.call("Input.dispatchKeyEvent", type="keyUp", **held)

    def close(self) -> None:
        """End the browser."""
        self._session = ""
        self.call("Browser.close")
        self._process.wait(PATIENCE_S)
        os.close(self._to)
        os.close(self._from)

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._left:
            ready, _, _ = select.select([self._from], [], [], PATIENCE_S)
            assert ready, "Chromium does not answer"
            found = os.read(self._from, 1 << 20)
            assert found, "Chromium has gone"
            self._left += found
        message, _, self._left = self._left.partition(b"\0")
        return dict(json.loads(message))
