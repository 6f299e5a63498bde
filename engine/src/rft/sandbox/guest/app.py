"""The WebAssembly shell of the runner. Everything importable is imported here, at build time.

The guest has no files: what is not imported into the snapshot cannot be imported later.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import time
import warnings

import runner  # lies beside this file while it is built

_LEFT_OUT = {"antigravity", "this", "idlelib", "tkinter", "turtle", "turtledemo", "test"}
_INSIDE = (
    "collections.abc", "concurrent.futures", "email.message", "email.mime.text", "email.parser",
    "email.policy", "encodings.ascii", "encodings.idna", "encodings.latin_1", "encodings.utf_16",
    "encodings.utf_16_le", "encodings.utf_16_be", "encodings.utf_32", "encodings.utf_8_sig",
    "encodings.cp1252", "encodings.hex_codec", "encodings.base64_codec", "encodings.rot_13",
    "encodings.punycode", "encodings.raw_unicode_escape", "encodings.unicode_escape",
    "html.parser", "html.entities", "importlib.abc", "importlib.util", "importlib.machinery",
    "importlib.resources", "json.decoder", "json.encoder", "logging.config", "logging.handlers",
    "os.path", "unittest.mock", "urllib.parse", "urllib.request", "xml.dom.minidom",
    "xml.etree.ElementTree", "xml.sax.saxutils", "zoneinfo",
)  # fmt: skip


def _instant(seconds: float, /) -> None:
    """Sleeping would cost the host wall clock and prove nothing: here it takes no time."""
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")


with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    for _name in (*sorted(sys.stdlib_module_names - _LEFT_OUT), *_INSIDE):
        if not _name.endswith("_support"):  # of telephones
            with contextlib.suppress(BaseException):  # needs what WebAssembly has not
                importlib.import_module(_name)
setattr(time, "sleep", _instant)  # noqa: B010 - mypy knows another signature
os.environ.clear()
sys.argv = ["answer.py"]


class WitWorld:
    """What the component exports."""

    def load(self, request: str) -> str:
        """See runner.load."""
        sys.argv, sys.path = ["answer.py"], []
        return str(runner.load(request))

    def call(self, request: str) -> str:
        """See runner.call."""
        return str(runner.call(request))
