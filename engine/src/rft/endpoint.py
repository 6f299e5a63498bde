"""Clients of OpenAI-shaped endpoints, and what their failures mean.

Evaluation, the judge and training jobs all make their client here, and all failures of the SDK are
read here, once: `fault_of` says what kind of failure it is and quotes the vendor without the key.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import os
import re
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from rft.display import reveal_control_chars
from rft.errors import OutsideError, RftError, UserError
from rft.redaction import redact_keys, redact_url

if TYPE_CHECKING:
    import ssl

    from openai import AsyncOpenAI, OpenAI

    from rft.pacing import Pacer

QUOTED_CHARS = 300
"""So much of what a vendor says is quoted."""
_TITLE = re.compile(r"<(title|h1)[^>]*>(.*?)</\1>", re.I | re.S)
_TAG = re.compile(r"<script.*?</script>|<style.*?</style>|<[^>]*>", re.I | re.S)
_MODERATED = re.compile(
    r"moderat|flagged|safety|content[ _-]?(?:filter|policy|management)|guardrail|prohibited|harmful"
    r"|responsible ai|data_inspection|sensitive",
    re.I,
)
_NO_MODEL = re.compile(r"model_?not_?(?:found|available)|DeploymentNotFound|invalid_model", re.I)

Kind = Literal["key", "access", "missing", "refused", "timeout", "unreachable", "server"]


def async_client(
    url: str, key: str, *, max_retries: int, timeout_s: float, pacer: Pacer | None = None
) -> AsyncOpenAI:
    """A client for many requests at once, at the pace of `pacer`; otherwise like `sync_client`."""
    import openai

    trust_env = not is_loopback(url)
    proxied = trust_env and any(_proxies())
    # aiohttp takes half the CPU time a request, but knows no SOCKS proxies and reads NO_PROXY
    # otherwise than the synchronous client does.
    make = openai.DefaultAsyncHttpxClient if proxied else openai.DefaultAioHttpClient
    with _explained_setup(trust_env=trust_env):
        http = make(trust_env=trust_env, verify=_certificates(url))
    _limit_requests(http, timeout_s, pacer)
    return openai.AsyncOpenAI(
        api_key=key, max_retries=max_retries, timeout=timeout_s, http_client=http, **_target(url)
    )


def _limit_requests(http: Any, timeout_s: float, pacer: Pacer | None) -> None:
    """Cut off each attempt after `timeout_s` seconds in all, and start it when `pacer` allows.

    The HTTP library's own limit is for the time between two pieces of a reply.
    """
    import httpx2

    send = http.send
    if pacer:
        http.event_hooks = {"response": [pacer.after]}

    async def send_in_time(request: httpx2.Request, **options: Any) -> httpx2.Response:
        if pacer:
            await pacer.before(request)
        try:
            async with asyncio.timeout(timeout_s):
                response: httpx2.Response = await send(request, **options)
                return response
        except TimeoutError as error:
            raise httpx2.ReadTimeout(f"not whole in {timeout_s:g} s", request=request) from error

    http.send = send_in_time


def sync_client(url: str, key: str, *, max_retries: int, timeout_s: float) -> OpenAI:
    """A client that waits, retries and obeys Retry-After as the SDK does.

    `url` may have a query, which every request then has. Loopback addresses are never reached
    through a proxy. Raises UserError, naming the variable, when the environment names a proxy or
    certificate file that cannot be used.
    """
    import openai

    trust_env = not is_loopback(url)
    with _explained_setup(trust_env=trust_env):
        http = openai.DefaultHttpxClient(trust_env=trust_env, verify=_certificates(url))
    return openai.OpenAI(
        api_key=key, max_retries=max_retries, timeout=timeout_s, http_client=http, **_target(url)
    )


def _certificates(url: str) -> ssl.SSLContext | bool:
    """Whom to trust: nobody where no TLS is spoken, since loading certificates takes 30 ms."""
    import ssl

    plain = is_loopback(url) and urlsplit(url).scheme == "http"
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if plain else True


def _target(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    plain = urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
    return {"base_url": plain, "default_query": dict(parse_qsl(parts.query)) or None}


def is_loopback(url: str) -> bool:
    """Whether an address is this machine's own."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


@contextmanager
def _explained_setup(*, trust_env: bool) -> Iterator[None]:
    """Turn what the HTTP library says of proxies and certificates into a sentence."""
    if trust_env:
        for name, value in _proxies():
            if not _usable(value):
                raise UserError(f"{name} is not a proxy address (host and port); fix or unset it.")
    try:
        yield
    except ImportError:
        name = next((n for n, v in _proxies() if v.lower().startswith("socks")), "ALL_PROXY")
        raise UserError(
            f"{name} names a SOCKS proxy, which needs the package socksio; run "
            f"`pip install socksio`, or unset {name}."
        ) from None
    except OSError as error:  # ssl.SSLError is one
        name = "SSL_CERT_FILE" if os.environ.get("SSL_CERT_FILE") else "SSL_CERT_DIR"
        raise UserError(
            f"{name} = '{os.environ.get(name, '')}' is not a certificate file that can be read "
            f"({error.strerror or error}); fix or unset it."
        ) from None
    except ValueError as error:
        names = " or ".join(dict.fromkeys(name for name, _ in _proxies())) or "HTTPS_PROXY"
        raise UserError(f"{names}: {error}; fix or unset the proxy.") from None


def _usable(proxy: str) -> bool:
    try:
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        return bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is not a number, or out of range
        return False


def _proxies() -> Iterator[tuple[str, str]]:
    """(variable, address) of every proxy that the environment names."""
    for scheme, value in urllib.request.getproxies().items():
        if scheme in ("http", "https", "all"):
            names = (f"{scheme}_proxy", f"{scheme}_proxy".upper())
            yield next((n for n in names if n in os.environ), names[1]), value


@dataclass(frozen=True)
class Fault:
    """One failed request: whose fault it is and what the vendor said, without the key."""

    kind: Kind
    url: str
    said: str
    """The vendor's words, or the network's; one line, shortened."""
    status: int | None = None
    code: str = ""
    body: Any = None
    """The parsed body of the reply, its text where it is not JSON, None without a reply."""
    retry_after: str = ""

    @property
    def moderated(self) -> bool:
        """Whether a filter stopped this one prompt."""
        return self.status in (400, 403, 422, 451) and bool(_MODERATED.search(str(self.body)))

    def error(self, doing: str, advice: str) -> RftError:
        """The error to raise when `doing` (a noun, as "uploading train.jsonl") failed so.

        `advice`: what to correct when the endpoint does not allow or does not know something.
        """
        reply = f"({self.status}): {self.said}" if self.status else f": {self.said}"
        match self.kind:
            case "key":
                return UserError(
                    f"{self.url} refused the key (401); set a valid one in the environment or in "
                    ".env."
                )
            case "access":
                return UserError(f"{self.url} does not allow {doing} {reply}; {advice}.")
            case "missing":
                return UserError(f"{self.url}: {doing} failed {reply}; {advice}.")
            case "refused":
                return UserError(
                    f"{self.url} refused {doing} {reply}; fix that, then run the command again."
                )
            case "timeout":
                return OutsideError(f"{self.url}: {doing} {self.said}; run the same command again.")
            case "unreachable":
                return OutsideError(
                    f"{self.url} cannot be reached ({self.said}); run the same command again when "
                    "it is back: nothing is uploaded or sent twice."
                )
            case "server":
                return OutsideError(
                    f"{self.url}: {doing} failed {reply}; run the same command again later."
                )


def address(client: OpenAI | AsyncOpenAI) -> str:
    """The client's address without secrets."""
    return redact_url(str(client.base_url))


def fault_of(error: Exception, client: OpenAI | AsyncOpenAI) -> Fault | None:
    """What an exception of a request means; None for one that is not the endpoint's."""
    import openai

    url, keys = address(client), secrets_of(client)

    def clean(text: object) -> str:
        return quoted(text, *keys)

    if isinstance(error, openai.APITimeoutError) and _timed_out(error):
        timeout = client.timeout
        seconds = f"{timeout:.0f} s" if isinstance(timeout, int | float) else "the time limit"
        return Fault("timeout", url, f"took longer than {seconds}")
    if isinstance(error, openai.APIConnectionError):
        proxies = [] if is_loopback(url) else sorted({name for name, _ in _proxies()})
        through = f", with the proxy of {' and '.join(proxies)}" if proxies else ""
        return Fault("unreachable", url, clean(error.__cause__ or error).rstrip(".") + through)
    if isinstance(error, openai.APIStatusError):
        response, body = error.response, _body(error.response.text)
        wait = response.headers.get("retry-after", "")
        return fault_of_reply(error.status_code, body, client, response.reason_phrase, wait)
    if isinstance(error, AttributeError) and error.name == "_set_private_attributes":
        return Fault("server", url, "the reply is not a list of entries")  # as the SDK puts it
    if isinstance(error, openai.APIError | json.JSONDecodeError | UnicodeDecodeError):
        return Fault("server", url, f"the reply is not valid JSON ({clean(error)})")
    return None


def fault_of_reply(
    status: int,
    body: Any,
    client: OpenAI | AsyncOpenAI,
    phrase: str = "",
    retry_after: str = "",
) -> Fault:
    """What a reply with the HTTP status of an error means; `body`: parsed, or text."""
    code = _code(body)
    kind = "missing" if _NO_MODEL.fullmatch(code) else _kind(status)
    said = quoted(message_in(body) or phrase or "no reason given", *secrets_of(client))
    return Fault(kind, address(client), said, status, code, body, retry_after)


def _timed_out(error: BaseException | None) -> bool:
    """Whether time ran out: the SDK's aiohttp transport also says so of a connection that broke."""
    while error and not isinstance(error, TimeoutError):
        error = error.__cause__
    return error is not None


def _kind(status: int) -> Kind:
    if status == 407:
        return "unreachable"
    if status in (408, 409, 425, 429) or status >= 500:
        return "server"
    return {401: "key", 403: "access", 404: "missing", 410: "missing"}.get(status, "refused")  # type: ignore[return-value]


def secrets_of(client: OpenAI | AsyncOpenAI) -> tuple[str, ...]:
    """What a client sends and nobody may read: the key, and what stands in its address."""
    query = client.default_query
    password = urlsplit(str(client.base_url)).password or ""
    return client.api_key, password, *(str(v) for v in query.values() if len(str(v)) >= 8)


def quoted(text: object, *keys: str) -> str:
    """A text of a vendor's or an exception's on one line: shortened, keys and controls masked."""
    words = " ".join(redact_keys(str(text), *keys).split())
    short = words if len(words) <= QUOTED_CHARS else words[: QUOTED_CHARS - 4] + " ..."
    return reveal_control_chars(short)


def _body(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _code(body: Any) -> str:
    for part in _envelopes(body):
        if isinstance(code := part.get("code") or part.get("type"), str | int):
            return str(code)
    return ""


def _envelopes(body: Any) -> Iterator[dict[str, Any]]:
    """The objects in which a vendor puts an error, innermost first."""
    if isinstance(body, list) and body:
        yield from _envelopes(body[0])
    if isinstance(body, dict):
        for name in ("error", "detail", "message"):
            yield from _envelopes(body.get(name))
        yield body


def message_in(body: Any) -> str:
    """The words of an error in any envelope: {"error": {"message"}}, {"detail"}, text or HTML."""
    if isinstance(body, str):
        if "<" in body and ">" in body:
            title = _TITLE.search(body)
            return _TAG.sub(" ", str(title[2]) if title else body).strip()
        return body.strip()
    if isinstance(body, list):
        return "; ".join(filter(None, map(message_in, body)))
    if not isinstance(body, dict):
        return "" if body is None else str(body)
    names = ("error", "message", "Message", "msg", "detail", "errorMessage", "error_description")
    words = next(filter(None, (message_in(body.get(name)) for name in names)), "")
    if not words:
        words = json.dumps(body, ensure_ascii=False, default=str) if body else ""
    if isinstance(where := body.get("loc"), list):
        return f"{'.'.join(map(str, where))}: {words}"
    metadata = body.get("metadata")
    if isinstance(metadata, dict) and (raw := metadata.get("raw") or metadata.get("reasons")):
        words += f" ({raw if isinstance(raw, str) else json.dumps(raw)})"
    return words
