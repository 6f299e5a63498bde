"""Who may see the page: the browser that was given the address, and nobody else.

The service listens on loopback, but every web page in the user's browser can send requests there.
So the Host must be this machine's name (against DNS rebinding), a cookie must hold the token of the
address, and what changes something must come from a form of this page.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOCAL_NAMES = ("127.0.0.1", "localhost", "[::1]")
MAX_BODY = 4 << 20
"""Bytes of a saved form."""
POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True)
class Keys:
    """The secrets of one start of the service."""

    token: str
    """Stands in the address that is printed, then in a cookie."""
    form: str
    """Stands in every form of the page."""

    @classmethod
    def new(cls) -> Keys:
        """Random ones."""
        return cls(secrets.token_urlsafe(24), secrets.token_urlsafe(24))


def gate(app: ASGIApp, keys: Keys, cookie: str) -> ASGIApp:
    """The application behind these checks, its answers with the headers that keep them private.

    `cookie`: the name of the cookie that holds the token.
    """

    async def gated(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        nonce = secrets.token_urlsafe(16)
        scope.setdefault("state", {})["nonce"] = nonce

        async def send_private(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["cache-control"] = "no-store"
                headers["content-security-policy"] = POLICY.format(nonce=nonce)
                headers["cross-origin-opener-policy"] = "same-origin"
                headers["cross-origin-resource-policy"] = "same-origin"
                headers["referrer-policy"] = "same-origin"
                headers["x-content-type-options"] = "nosniff"
                headers["x-frame-options"] = "DENY"
            await send(message)

        answer = _first_visit(scope, keys, cookie) or _refusal(scope, keys, cookie)
        await (answer or app)(scope, receive, send_private)

    return gated


def is_own_form(request: Request, given: str) -> bool:
    """Whether a posted form comes from this page: its token, and its origin where that is told."""
    origin = request.headers.get("origin", "")
    own = origin in ("", f"http://{request.headers.get('host', '')}")
    return own and hmac.compare_digest(given.encode(), request.app.state.keys.form.encode())


def _first_visit(scope: Scope, keys: Keys, cookie: str) -> Response | None:
    """With the token in the address: keep it in a cookie and take it out of the address."""
    query = QueryParams(scope["query_string"])
    if scope["method"] != "GET" or "token" not in query or _host_fault(scope):
        return None
    if not hmac.compare_digest(query["token"].encode(), keys.token.encode()):
        return None
    rest = urlencode([(k, v) for k, v in query.multi_items() if k != "token"])
    path = scope["path"] if not scope["path"].startswith("//") else "/"
    response = RedirectResponse(path + (f"?{rest}" if rest else ""), 303)
    response.set_cookie(cookie, keys.token, httponly=True, samesite="lax")
    return response


def _host_fault(scope: Scope) -> bool:
    host = Headers(scope=scope).get("host", "").lower()
    return host.rpartition(":")[0] not in LOCAL_NAMES and host not in LOCAL_NAMES


def _refusal(scope: Scope, keys: Keys, cookie: str) -> Response | None:
    if _host_fault(scope):
        return PlainTextResponse("Unknown host; use the address that `rft review` printed.", 403)
    given = Request(scope).cookies.get(cookie, "")
    if not hmac.compare_digest(given.encode(), keys.token.encode()):
        text = "Open the address that `rft review` printed, with its token."
        return PlainTextResponse(text, 403)
    length = Headers(scope=scope).get("content-length", "0")
    if scope["method"] == "POST" and not (length.isdigit() and int(length) <= MAX_BODY):
        return PlainTextResponse("This form is too large to be saved.", 413)
    return None
