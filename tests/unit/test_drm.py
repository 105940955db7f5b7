"""The licence endpoint: what a grant allows in the words of a key system, and nothing else."""

import asyncio
import base64
import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request

from bff.domain.key_signals import name_identity_key, name_license
from bff.domain.video import ContentKey
from bff.errors import Unavailable
from bff.http import drm
from bff.http.clearkey import ClearKey
from bff.http.drm import LARGEST_CHALLENGE, Grant, LicenseProvider, drm_routes

SD, HD, AUDIO = (ContentKey(bytes([number] * 16), bytes([number + 16] * 16)) for number in (1, 2, 3))
EXPIRES = datetime(2026, 11, 21, 14, tzinfo=UTC)
TOKEN = "header.payload.signature"


async def find_grant(_: Request, token: str) -> Grant | None:
    return Grant((SD, AUDIO), EXPIRES) if token == TOKEN else None


async def send(
    method: str, path: str, *, provider: LicenseProvider | None = None, token: str | None = None, **options: Any
) -> httpx.Response:
    app = Starlette(routes=drm_routes(find_grant, {"clearkey": provider or ClearKey()}))
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://marquee") as client:
        return await client.request(method, path, headers=headers, **options)


def encode(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def ask_for(*keys: ContentKey) -> dict[str, Any]:
    return {"kids": [encode(key.key_id) for key in keys], "type": "temporary"}


@pytest.mark.parametrize(("path", "token"), [("/drm/clearkey", TOKEN), (name_license("clearkey", TOKEN), None)])
async def test_licence_holds_the_granted_keys_and_their_expiry(path: str, token: str | None) -> None:
    response = await send("POST", path, token=token, json=ask_for(SD, HD, AUDIO))
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    assert response.json()["type"] == "temporary"
    assert [(key["kty"], key["kid"], key["k"], key["exp"]) for key in response.json()["keys"]] == [
        ("oct", encode(key.key_id), encode(key.key), EXPIRES.timestamp()) for key in (SD, AUDIO)
    ]


async def test_keys_that_were_not_asked_for_stay() -> None:
    response = await send("POST", "/drm/clearkey", token=TOKEN, json=ask_for(AUDIO))
    assert [key["kid"] for key in response.json()["keys"]] == [encode(AUDIO.key_id)]


async def test_keys_above_the_plan_are_refused() -> None:
    assert (await send("POST", "/drm/clearkey", token=TOKEN, json=ask_for(HD))).status_code == 403
    assert (await send("GET", name_identity_key(TOKEN, HD.key_id))).status_code == 403


async def test_hls_gets_one_key_bare() -> None:
    response = await send("GET", name_identity_key(TOKEN, SD.key_id))
    assert (response.status_code, response.content) == (200, SD.key)
    assert response.headers["cache-control"] == "no-store"


async def test_nothing_without_a_session() -> None:
    for token in (None, "another.session.token"):
        response = await send("POST", "/drm/clearkey", token=token, json=ask_for(SD))
        assert response.status_code == 403
        assert "startPlayback" in response.text
    assert (await send("GET", name_identity_key("another", SD.key_id))).status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"kids": "AQ"}',
        b'{"kids": ["*"]}',
        '{"kids": ["é"]}'.encode(),
        b'{"kids": ["AAAAA"]}',
        b'{"kids": [], "type": "x"}',
    ],
)
async def test_what_is_no_challenge_is_told_how_one_looks(body: bytes) -> None:
    response = await send("POST", "/drm/clearkey", token=TOKEN, content=body)
    assert response.status_code == 400
    assert '{"kids"' in response.text


async def test_challenge_is_bounded() -> None:
    response = await send("POST", "/drm/clearkey", token=TOKEN, content=b" " * (LARGEST_CHALLENGE + 1))
    assert response.status_code == 400


async def test_unknown_system_names_those_there_are() -> None:
    response = await send("POST", "/drm/widevine", token=TOKEN, content=b"\x08\x04")
    assert (response.status_code, "clearkey" in response.text) == (404, True)


async def test_another_key_system_is_plugged_in_as_a_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    class Service:
        media_type = "application/octet-stream"

        async def issue(self, challenge: bytes, grant: Grant) -> bytes:
            if challenge == b"away":
                raise Unavailable("The licence service does not answer.")
            if challenge == b"slow":
                await asyncio.Event().wait()
            return challenge + b"".join(key.key_id for key in grant.keys)

    response = await send("POST", "/drm/clearkey", provider=Service(), token=TOKEN, content=b"\x08\x04")
    assert response.content == b"\x08\x04" + SD.key_id + AUDIO.key_id
    assert response.headers["content-type"] == "application/octet-stream"
    monkeypatch.setattr(drm, "_DEADLINE", 0.01)
    for challenge in (b"away", b"slow"):
        response = await send("POST", "/drm/clearkey", provider=Service(), token=TOKEN, content=challenge)
        assert (response.status_code, response.headers["retry-after"]) == (503, "2")


def test_grant_hides_its_keys() -> None:
    shown = repr(Grant((SD,), EXPIRES))
    assert SD.key_id.hex() in shown
    assert SD.key.hex() not in shown
    assert json.dumps(list(SD.key)) not in shown
