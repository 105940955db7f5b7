"""The published keys verify what this server signs, for anybody who holds to the standards."""

from datetime import timedelta

import httpx
import jwt

from bff.auth.keys import PUBLISHED_AHEAD
from tests.live import Demo


async def test_another_verifier_takes_our_tokens_by_the_published_keys(demo: Demo) -> None:
    viewer = await demo.make_viewer()
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"{demo.url}/.well-known/jwks.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    token = viewer.headers["Authorization"].removeprefix("Bearer ")
    key = jwt.PyJWKSet.from_dict(answer.json())[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(token, key, algorithms=["ES256"], audience="marquee/graphql", issuer="marquee")
    assert claims["sub"] == viewer.account_id
    assert '"d"' not in answer.text


async def test_copies_of_the_keys_are_renewed_before_a_new_key_signs(demo: Demo) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"{demo.url}/.well-known/jwks.json")
    scope, age = answer.headers["cache-control"].split(", max-age=")
    assert scope == "public"
    assert timedelta(minutes=1) < timedelta(seconds=int(age)) < PUBLISHED_AHEAD
