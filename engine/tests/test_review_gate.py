"""The review page answers the browser that has its token, and no other page or machine."""

from __future__ import annotations

import pytest

pytest.importorskip("starlette")
from starlette.testclient import TestClient

from rft.review.app import make_app
from rft.review.desk import Desk
from tests import review_fixtures
from tests.review_fixtures import HOST, KEYS, Expert

desk, ada = review_fixtures.desk, review_fixtures.ada


@pytest.fixture
def stranger(desk: Desk) -> TestClient:
    """A client without the token."""
    return TestClient(make_app(desk, KEYS), base_url=HOST, follow_redirects=False)


@pytest.mark.parametrize("query", ["", "?token=wrong", "?token="])
def test_without_the_token_there_is_nothing(stranger: TestClient, query: str) -> None:
    paths = ("/", "/gold", "/search", "/agreement", "/nothing")
    assert {stranger.get(path + query).status_code for path in paths} == {403}


def test_the_token_goes_from_the_address_into_a_cookie(stranger: TestClient) -> None:
    reply = stranger.get(f"/gold?split=test&token={KEYS.token}")
    assert (reply.status_code, reply.headers["location"]) == (303, "/gold?split=test")
    assert "httponly" in reply.headers["set-cookie"].lower()


def test_another_host_is_refused_even_with_the_token(ada: Expert) -> None:
    for host in ("evil.example", "127.0.0.1.evil.example:8000", ""):
        for path in ("/gold", f"/?token={KEYS.token}"):
            assert ada.client.get(path, headers={"host": host}).status_code == 403


def test_a_form_of_another_page_changes_nothing(ada: Expert, desk: Desk) -> None:
    evil = {"origin": "http://evil.example"}
    for token, headers in (("wrong", {}), ("", {}), (KEYS.token, {}), (KEYS.form, evil)):
        posted = ada.sheet("/gold") | {"form_token": [token], "do": ["save"]}
        assert ada.client.post("/gold", data=posted, headers=headers).status_code == 403
    assert not desk.log.exists()


def test_every_answer_is_private(ada: Expert) -> None:
    for path in ("/", "/gold", "/nothing"):
        headers = ada.client.get(path).headers
        assert headers["cache-control"] == "no-store"
        assert headers["content-security-policy"].startswith(
            "default-src 'none'; script-src 'nonce"
        )
        assert "unsafe" not in headers["content-security-policy"]


def test_a_nonce_is_used_once(ada: Expert) -> None:
    seen = {ada.client.get("/").headers["content-security-policy"] for _ in range(3)}
    assert len(seen) == 3


def test_a_form_that_is_too_large_is_refused(ada: Expert) -> None:
    body = {"form_token": KEYS.form, "name": "x" * (5 << 20)}
    assert ada.client.post("/name", data=body).status_code == 413
    streamed = (b"x" * (1 << 20) for _ in range(6))
    assert ada.client.post("/name", content=streamed).status_code == 413


def test_without_a_name_the_tasks_lead_to_the_start(stranger: TestClient) -> None:
    stranger.get("/", params={"token": KEYS.token})
    assert stranger.get("/gold").headers["location"] == "/"


def test_a_name_must_be_one(stranger: TestClient) -> None:
    stranger.get("/", params={"token": KEYS.token})
    for name in ("", "   ", "\x00\u202e"):
        reply = stranger.post("/name", data={"form_token": KEYS.form, "name": name})
        assert "rft_expert" not in reply.headers.get("set-cookie", "")
