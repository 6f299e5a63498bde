"""Keep keys out of everything that is written or printed."""

from __future__ import annotations

import json
import os
import re
from urllib.parse import quote, urlsplit, urlunsplit

MASK = "***"
_SECRET_NAME = re.compile(
    r"(?:^|_)(?:API_?KEY|ACCESS_?KEY|KEY|TOKEN|SECRET|PASSWORD|PASSWD)(?:_ID)?S?(?:$|_\d+$)", re.I
)
_SHORTEST_KEY, _SHORTEST_VALUE = 4, 8
_PLACEHOLDERS = {"no-key", "none", "null", "EMPTY", "empty", "dummy", "ollama", "test", "local"}
_USER_INFO = re.compile(r"(\b[\w.+-]+://)[^\s/@'\"]+@")
_QUERY = re.compile(
    r"([?&](?:api[-_]?key|key|token|access_token|sig|code|secret)=)[^&\s'\"]+", re.I
)
_BEARER = re.compile(r"(\bbearer\s+)[^\s'\",;]{8,}", re.I)


def redact_keys(text: str, *keys: str) -> str:
    """The text without keys: the given ones, those in the environment, and those in addresses.

    A key is found as it is and as Python, JSON or an address would quote it.
    """
    secrets = {key for key in keys if len(key) >= _SHORTEST_KEY} - _PLACEHOLDERS
    secrets |= {
        value.strip()
        for name, value in os.environ.items()
        if _SECRET_NAME.search(name) and len(value.strip()) >= _SHORTEST_VALUE
    }
    spellings = {spelling for secret in secrets for spelling in _spellings(secret)}
    for spelling in sorted(spellings, key=len, reverse=True):
        text = text.replace(spelling, MASK)
    text = _USER_INFO.sub(rf"\1{MASK}@", text)
    return _BEARER.sub(rf"\1{MASK}", _QUERY.sub(rf"\1{MASK}", text))


def _spellings(secret: str) -> set[str]:
    encoded = repr(secret.encode("utf-8", "surrogateescape"))[2:-1]
    url = quote(secret, safe="", errors="replace")
    return {secret, repr(secret)[1:-1], encoded, json.dumps(secret)[1:-1], url}


def redact_url(url: str) -> str:
    """The address without user name, password and query: what may be written down."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url.partition("?")[0].rpartition("@")[2]
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def key_fault(key: str) -> str:
    """Why a key cannot be sent in a header, without quoting it; "" if it can."""
    if any(ord(char) < 32 or ord(char) == 127 for char in key):
        return "holds a line break or another control character"
    if not key.isascii():
        return "holds a character outside ASCII"
    return "holds a space" if " " in key else ""
