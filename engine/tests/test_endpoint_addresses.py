"""Addresses, proxies and certificates that are wrong, and how each is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rft import config
from rft.config import Settings
from rft.endpoint import async_client
from rft.errors import UserError
from tests.conftest import Outcome
from tests.endpoint import Endpoint
from tests.toy import point_to

Rft = Callable[..., Outcome]


def settings(url: str) -> Settings:
    return Settings.model_validate(
        {
            "root": Path(),
            "project": {"name": "n", "use_case": "u"},
            "endpoint": {"profile": "compatible", "base_url": url},
        }
    )


def connect(url: str) -> None:
    async_client(url, "k", max_retries=0, timeout_s=1)


@pytest.mark.parametrize(
    "url",
    ["http://h:99999/v1", "http://h:abc/v1", "http://[::1/v1", "http://h:0/v1", "http:///v1",
     "http://h h/v1", "h:80/v1", "http://h/\nv1"],
)  # fmt: skip
def test_an_address_that_cannot_be_used_is_refused_by_its_setting(url: str) -> None:
    with pytest.raises(UserError, match=r"^rft\.toml: endpoint\.base_url: "):
        config.base_url(settings(url).endpoint)


def test_an_address_with_a_query_works(rft: Rft, project: Path, endpoint: Endpoint) -> None:
    point_to(project, endpoint.url + "?api-version=preview")
    assert rft("eval", "--limit", "1").code == 0
    assert endpoint.paths == {"/v1/chat/completions?api-version=preview"}


@pytest.mark.parametrize("proxy", ["http://127.0.0.1:9", "socks5://127.0.0.1:9", "nonsense://x"])
def test_loopback_never_goes_through_a_proxy(
    rft: Rft, project: Path, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    point_to(project, endpoint.url)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, proxy)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert rft("eval", "--limit", "1").code == 0


def test_an_unreachable_proxy_is_named(
    rft: Rft, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    point_to(project, "http://endpoint.example/v1")
    outcome = rft("eval")
    assert outcome.code == 3
    assert "with the proxy of" in outcome.err
    assert "HTTP_PROXY" in outcome.err


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("ALL_PROXY", "socks5://127.0.0.1:9", "needs the package socksio"),
        ("SSL_CERT_FILE", "/no/such/ca.pem", "not a certificate file"),
        ("HTTPS_PROXY", "http://h:99999", "not a proxy address"),
        ("HTTPS_PROXY", "nonsense://h:1", "proxy"),
    ],
)
def test_what_the_environment_names_wrongly_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    for other in ("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "SSL_CERT_FILE"):
        monkeypatch.delenv(other, raising=False)
        monkeypatch.delenv(other.lower(), raising=False)
    monkeypatch.setenv(name, value)
    with pytest.raises(UserError) as caught:
        connect("https://endpoint.example/v1")
    assert name in str(caught.value)
    assert words in str(caught.value)
