"""Media tokens: what is minted opens, until it expires; nothing else does, however near it comes."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bff.auth.keys import derive_key
from bff.auth.media_tokens import MediaClaims, MediaTokens, media_claims
from bff.domain.video import Quality
from bff.errors import Forbidden
from bff.settings import Secret

SECRET = Secret(base64.b64encode(bytes(range(32))).decode())
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TOKENS = MediaTokens(SECRET)
CLAIMS = media_claims(
    session_id="ses_a1", account_id="acc_b2", family_id="fam_c3", title_id="tit_d4", asset_id="ast_e5", region="US",
    max_quality=Quality.P1080, now=NOW, age=timedelta(hours=4),
)  # fmt: skip
TOKEN = TOKENS.mint(CLAIMS)
HEADER, PAYLOAD, SEAL = TOKEN.split(".")
KEY = derive_key(SECRET, "media tokens of 2026-11")
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

ids = st.text("abcdefghijklmnopqrstuvwxyz234567", min_size=1, max_size=40)
claims = st.builds(
    media_claims,
    session_id=ids.map("ses_{}".format),
    account_id=ids.map("acc_{}".format),
    family_id=ids.map("fam_{}".format),
    title_id=ids.map("tit_{}".format),
    asset_id=ids.map("ast_{}".format),
    region=st.sampled_from(["US", "IN", "GB"]),
    max_quality=st.sampled_from(Quality),
    now=st.datetimes(datetime(2026, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),
    age=st.timedeltas(timedelta(seconds=1), timedelta(hours=20)),
)


def is_refused(token: str, now: datetime = NOW, tokens: MediaTokens | None = None) -> bool:
    """By one that has seen no other token."""
    try:
        (tokens or MediaTokens(SECRET)).verify(token, now)
    except Forbidden:
        return True
    return False


@given(claims)
def test_what_is_minted_says_the_same_when_it_is_opened(made: MediaClaims) -> None:
    token = TOKENS.mint(made)
    assert MediaTokens(SECRET).verify(token, datetime.fromtimestamp(made.issued, UTC)) == made
    assert TOKENS.mint(made) == token
    assert len(token) < 1024


@given(st.integers(0, len(TOKEN) - 1), st.sampled_from(ALPHABET + ".=+/ ~\x00é"))
def test_no_other_character_anywhere(place: int, character: str) -> None:
    changed = TOKEN[:place] + character + TOKEN[place + 1 :]
    assert is_refused(changed) is (changed != TOKEN)


@given(st.integers(0, len(TOKEN)), st.sampled_from([*ALPHABET, ".", "=", "==", "+", "\n", " ", "!"]))
def test_nothing_more_anywhere(place: int, added: str) -> None:
    assert is_refused(TOKEN[:place] + added + TOKEN[place:])


@pytest.mark.parametrize("place", [0, len(HEADER), len(HEADER) + 1, len(TOKEN) - len(SEAL) - 1, len(TOKEN)])
def test_nothing_more_where_its_parts_end(place: int) -> None:
    for added in (*ALPHABET, ".", "=", "==", "+", "/", "\n", "\r", " ", "\t", "!", "%", "\x00"):
        assert is_refused(TOKEN[:place] + added + TOKEN[place:]), added


def test_its_last_character_is_the_only_one_that_is_taken() -> None:
    """Its last two bits say nothing: decoders take four letters for the same."""
    assert [letter for letter in ALPHABET if not is_refused(TOKEN[:-1] + letter)] == [TOKEN[-1]]


@given(st.integers(0, len(TOKEN) - 1))
def test_no_part_of_it(length: int) -> None:
    assert is_refused(TOKEN[:length])


def test_it_is_good_from_when_it_was_issued_until_it_expires() -> None:
    assert not is_refused(TOKEN, NOW - timedelta(seconds=60))
    assert is_refused(TOKEN, NOW - timedelta(seconds=61))
    assert not is_refused(TOKEN, NOW + timedelta(hours=4, seconds=-1))
    assert is_refused(TOKEN, NOW + timedelta(hours=4))
    remembering = MediaTokens(SECRET)
    remembering.verify(TOKEN, NOW)
    assert is_refused(TOKEN, NOW + timedelta(hours=4), remembering)


def encode(value: Any) -> str:
    text = value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def seal(head: str, body: str, key: bytes = KEY, digest: Callable[..., Any] = hashlib.sha256) -> str:
    return f"{head}.{body}.{encode(hmac.new(key, f'{head}.{body}'.encode(), digest).digest())}"


def say(**changes: Any) -> str:
    """A payload that says something else; what is None is left out."""
    told = {**json.loads(base64.urlsafe_b64decode(PAYLOAD + "==")), **changes}
    return encode({name: value for name, value in told.items() if value is not None})


def head(**changes: Any) -> str:
    told = {"alg": "HS256", "kid": "2026-11", "typ": "JWT", **changes}
    return encode({name: value for name, value in told.items() if value is not None})


PRIVATE = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC = PRIVATE.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
FORGERIES = {
    "alg none": f"{head(alg='none')}.{PAYLOAD}.",
    "alg none, sealed": seal(head(alg="none"), PAYLOAD),
    "alg None": f"{head(alg='None')}.{PAYLOAD}.{SEAL}",
    "no alg": seal(head(alg=None), PAYLOAD),
    "RS256 of another's key": jwt.encode(
        json.loads(base64.urlsafe_b64decode(PAYLOAD + "==")), PRIVATE, algorithm="RS256", headers={"kid": "2026-11"}
    ),
    "RS256 by name, HMAC in truth": seal(head(alg="RS256"), PAYLOAD),
    "HMAC under a public key": seal(head(), PAYLOAD, PUBLIC),
    "HS512": seal(head(alg="HS512"), PAYLOAD, digest=hashlib.sha512),
    "HS384": seal(head(alg="HS384"), PAYLOAD, digest=hashlib.sha384),
    "an empty key": seal(head(), PAYLOAD, b""),
    "another purpose's key": seal(head(), PAYLOAD, derive_key(SECRET, "images")),
    "another installation's key": MediaTokens(Secret(base64.b64encode(bytes(32)).decode())).mint(CLAIMS),
    "no kid": seal(head(kid=None), PAYLOAD),
    "another month's kid under its key": seal(
        head(kid="2026-10"), PAYLOAD, derive_key(SECRET, "media tokens of 2026-10")
    ),
    "an unknown kid": seal(head(kid="2026-13"), PAYLOAD),
    "a kid that is a path": seal(head(kid="../../dev/null"), PAYLOAD, b""),
    "a kid that is a number": seal(head(kid=1), PAYLOAD),
    "a key of its own": seal(head(jwk={"kty": "oct", "k": encode(KEY)}), PAYLOAD),
    "a crit": seal(head(crit=["exp"]), PAYLOAD),
    "not encoded": seal(head(b64=False, crit=["b64"]), PAYLOAD),
    "another prefix": f"{HEADER}.{say(pre='ast_other')}.{SEAL}",
    "a better quality": f"{HEADER}.{say(q='P2160')}.{SEAL}",
    "another region": f"{HEADER}.{say(reg='IN')}.{SEAL}",
    "a later end": f"{HEADER}.{say(exp=2**40)}.{SEAL}",
    "a prefix that is a path": seal(HEADER, say(pre="ast_e5/../ast_other")),
    "no prefix": seal(HEADER, say(pre=None)),
    "no end": seal(HEADER, say(exp=None)),
    "an end that is words": seal(HEADER, say(exp="never")),
    "another audience": seal(HEADER, say(aud="marquee/api")),
    "no audience": seal(HEADER, say(aud=None)),
    "permissions that there are not": seal(HEADER, say(per=["play", "everything"])),
    "no permission": seal(HEADER, say(per=[])),
    "something more": seal(HEADER, say(admin=True)),
    "a payload that is a list": seal(HEADER, encode([1])),
    "a payload that is no JSON": seal(HEADER, encode(b"\xff\xfe")),
    "a seal in capitals": f"{HEADER}.{PAYLOAD}.{SEAL.swapcase()}",
    "a token within a token": seal(HEADER, encode(TOKEN.encode())),
    "too long": TOKEN + "A" * 1024,
    "nothing": "",
    "dots": "..",
}


@pytest.mark.parametrize("name", FORGERIES)
def test_forgery_is_refused(name: str) -> None:
    assert is_refused(FORGERIES[name])


def test_the_forger_can_make_good_ones_with_the_key() -> None:
    """Otherwise the forgeries above may be refused for how they are made."""
    assert seal(head(), say()) == TOKEN
    assert MediaTokens(SECRET).verify(seal(head(), say(reg="IN")), NOW) == replace(CLAIMS, region="IN")


def test_a_month_has_a_key_of_its_own() -> None:
    later = replace(CLAIMS, issued=CLAIMS.issued + 15 * 86400, expires=CLAIMS.expires + 15 * 86400)
    token = TOKENS.mint(later)
    assert jwt.get_unverified_header(token)["kid"] == "2026-12"
    assert not is_refused(token, NOW + timedelta(days=15))
