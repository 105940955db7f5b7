"""Access tokens: what we mint is accepted until it expires, and nothing else ever is."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from bff.auth.keys import KeyRing, SigningKey
from bff.auth.tokens import AccessToken, AccessTokenVerifier, mint_access_token, read_bearer
from bff.domain.accounts import PlanCode
from bff.errors import Unauthenticated

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
PRIVATE_KEY = generate_private_key(SECP256R1())
KEYS = KeyRing([SigningKey("k1", PRIVATE_KEY, PRIVATE_KEY.public_key(), NOW - timedelta(days=1))])
HEADER = {"alg": "ES256", "typ": "at+jwt", "kid": "k1"}


def mint(now: datetime = NOW, keys: KeyRing = KEYS) -> tuple[str, AccessToken]:
    return mint_access_token(
        keys,
        account_id="acc_1",
        profile_id="pro_1",
        family_id="fam_1",
        device_id="dev_1",
        plan=PlanCode.PREMIUM,
        region="IN",
        permissions=("operator",),
        now=now,
        age=900,
    )


def encode(part: Any) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def sign(claims: Any, header: Any = HEADER, private_key: Any = PRIVATE_KEY) -> str:
    """A token with a good ES256 signature over whatever stands in it."""
    signed = f"{encode(header)}.{encode(claims)}"
    signature = jwt.get_algorithm_by_name("ES256").sign(signed.encode(), private_key)
    return f"{signed}.{encode(signature)}"


def good_claims() -> dict[str, Any]:
    claims = jwt.decode(mint()[0], options={"verify_signature": False})
    assert isinstance(claims, dict)
    return claims


def refuse(token: str, now: datetime = NOW) -> str:
    with pytest.raises(Unauthenticated) as refused:
        AccessTokenVerifier(KEYS).verify(token, now)
    assert len(token) < 20 or token not in refused.value.message
    return refused.value.message


def test_minted_token_says_who_and_what_for() -> None:
    token, claims = mint()
    assert AccessTokenVerifier(KEYS).verify(token, NOW) == claims
    assert jwt.get_unverified_header(token) == HEADER
    assert (claims.account_id, claims.profile_id, claims.plan, claims.region) == (
        "acc_1",
        "pro_1",
        PlanCode.PREMIUM,
        "IN",
    )
    assert claims.expires_at - claims.issued_at == timedelta(minutes=15)


def test_hand_made_copy_is_good_so_that_the_refusals_below_mean_something() -> None:
    assert AccessTokenVerifier(KEYS).verify(sign(good_claims()), NOW).account_id == "acc_1"


def test_token_expires_on_the_second_also_when_it_is_remembered() -> None:
    token, claims = mint()
    verifier = AccessTokenVerifier(KEYS)
    last = claims.expires_at - timedelta(microseconds=1)
    assert verifier.authenticate(f"Bearer {token}", last) is verifier.authenticate(f"Bearer {token}", NOW)
    for _ in range(2):
        with pytest.raises(Unauthenticated, match="refreshToken"):
            verifier.authenticate(f"Bearer {token}", claims.expires_at)
    assert "refreshToken" in refuse(token, claims.expires_at)


def test_token_from_the_future_is_refused_beyond_the_skew_of_clocks() -> None:
    token, _ = mint()
    assert AccessTokenVerifier(KEYS).verify(token, NOW - timedelta(seconds=60))
    refuse(token, NOW - timedelta(seconds=61))


def test_token_is_remembered_once_however_its_header_is_spelt() -> None:
    verifier = AccessTokenVerifier(KEYS)
    token, _ = mint()
    first = verifier.authenticate(f"Bearer {token}", NOW)
    for header in (f"bearer {token}", f"BEARER   {token} ", f" Bearer {token}"):
        assert verifier.authenticate(header, NOW) is first
    assert len(verifier) == 1


@pytest.mark.parametrize("blank", ["\xa0", "\x85", "\x0b", "\u2003"])
def test_only_the_blanks_of_headers_stand_around_a_token(blank: str) -> None:
    token, _ = mint()
    for header in (f"Bearer {token}{blank}", f"Bearer {blank}{token}", f"{blank}Bearer {token}"):
        with pytest.raises(Unauthenticated):
            AccessTokenVerifier(KEYS).authenticate(header, NOW)


def test_cache_is_bounded_and_keeps_what_is_in_use() -> None:
    verifier = AccessTokenVerifier(KEYS, capacity=10)
    in_use, out_of_use = (f"Bearer {mint()[0]}" for _ in range(2))
    kept, dropped = verifier.authenticate(in_use, NOW), verifier.authenticate(out_of_use, NOW)
    for _ in range(50):
        verifier.authenticate(f"Bearer {mint()[0]}", NOW)
        assert verifier.authenticate(in_use, NOW) is kept
        assert len(verifier) <= 10
    assert verifier.authenticate(out_of_use, NOW) is not dropped


def test_what_is_refused_is_not_remembered() -> None:
    verifier = AccessTokenVerifier(KEYS)
    for token in ("a", "a.b.c", sign({**good_claims(), "aud": "another"})):
        with pytest.raises(Unauthenticated):
            verifier.authenticate(f"Bearer {token}", NOW)
    assert len(verifier) == 0


def test_a_lost_key_takes_its_remembered_tokens_along() -> None:
    private_key = generate_private_key(SECP256R1())
    keys = KeyRing([*KEYS.list_keys(), SigningKey("k2", private_key, private_key.public_key(), NOW)])
    verifier = AccessTokenVerifier(keys)
    keys.on_loss = verifier.forget
    token = f"Bearer {mint(keys=keys)[0]}"
    assert verifier.authenticate(token, NOW)
    keys.take(KEYS.list_keys())
    with pytest.raises(Unauthenticated):
        verifier.authenticate(token, NOW)


def test_ended_sign_in_is_refused_also_when_it_is_remembered() -> None:
    ended: set[str] = set()
    verifier = AccessTokenVerifier(KEYS, ended=ended)
    token, claims = mint()
    assert verifier.authenticate(f"Bearer {token}", NOW) == claims
    ended.add(claims.family_id)
    for attempt in (verifier.authenticate, AccessTokenVerifier(KEYS, ended=ended).authenticate):
        with pytest.raises(Unauthenticated, match="login"):
            attempt(f"Bearer {token}", NOW)


def test_a_token_has_one_spelling() -> None:
    """The last character of a part holds bits that say nothing: decoders mostly pass over them."""
    token, _ = mint()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    head, tail = token[:-1], token[-1]
    refuse(head + alphabet[alphabet.index(tail) ^ 1])
    refuse(token + "=")
    refuse(token + "\n")
    refuse(token.replace(".", "=.", 1))


@pytest.mark.parametrize(
    "algorithm", ["none", "None", "NONE", "", "HS256", "RS256", "ES384", "PS256", 1, None, ["ES256"]]
)
def test_no_other_algorithm(algorithm: Any) -> None:
    claims = encode(good_claims())
    for signature in ("", mint()[0].rsplit(".", 1)[1]):
        refuse(f"{encode({**HEADER, 'alg': algorithm})}.{claims}.{signature}")


def test_public_key_is_no_shared_secret() -> None:
    for encoding, form in (
        (Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        (Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    ):
        secret = PRIVATE_KEY.public_key().public_bytes(encoding, form)
        signed = f"{encode({**HEADER, 'alg': 'HS256'})}.{encode(good_claims())}"
        refuse(f"{signed}.{encode(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}")


@pytest.mark.parametrize(
    "kid", ["k2", "", "../../dev/null", "k1' OR '1'='1", "k1\x00", "x" * 100_000, ["k1"], {"k1": 1}, 1, None]
)
def test_unknown_key_ids(kid: Any) -> None:
    refuse(sign(good_claims(), {**HEADER, "kid": kid}))


@pytest.mark.parametrize(
    "extra",
    [
        {"crit": ["b64"], "b64": False},
        {"jwk": {"kty": "EC"}},
        {"jku": "https://127.0.0.1/keys"},
        {"x5u": "https://127.0.0.1/keys"},
        {"x5c": ["MII"]},
        {"typ": "refresh"},
        {"typ": "JWT"},
        {"typ": None},
    ],
)
def test_headers_that_we_never_write(extra: dict[str, Any]) -> None:
    refuse(sign(good_claims(), HEADER | extra))


def test_signature_of_another_key() -> None:
    refuse(sign(good_claims(), private_key=generate_private_key(SECP256R1())))


def test_signatures_that_are_cut_changed_or_zero() -> None:
    token, _ = mint()
    head, payload, signature = token.split(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    for forged in (b"", raw[:-1], bytes([raw[0] ^ 1]) + raw[1:], bytes(64)):
        refuse(f"{head}.{payload}.{encode(forged)}")
    for text in ("", ".", "..", "...", head, f"{head}.{payload}", f"{token}.x", f"{token}.x.y", " ", "é", "\ud800"):
        refuse(text)
    refuse(f"{head}.{encode({**good_claims(), 'sub': 'acc_2'})}.{signature}")


@pytest.mark.parametrize("claim", ["iss", "aud", "sub", "jti", "iat", "nbf", "exp", "family", "device", "region"])
def test_each_claim_is_required(claim: str) -> None:
    claims = good_claims()
    del claims[claim]
    refuse(sign(claims))


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        *(("exp", value) for value in ("1e9", None, -1, 0, float("nan"), float("inf"), True, [1], 4_000_000_000)),
        *(("iat", value) for value in ("1", None, -1, True, 4_000_000_000, 0.5)),
        *(("nbf", value) for value in ("1", None, True, 4_000_000_000)),
        *(("aud", value) for value in ("marquee", "marquee/graphql/", "", [], ["marquee/graphql"], None, 1)),
        *(("iss", value) for value in ("marquee ", "", ["marquee"], None, 1)),
        *(("sub", value) for value in ("", 1, ["acc_1"], None, {})),
        *(("jti", value) for value in ("", 1, None)),
        *(("plan", value) for value in ("GOLD", 1)),
        *(("permissions", value) for value in ("operator", None, [1])),
        ("token_use", "refresh"),
        ("profile", 1),
    ],
)
def test_each_claim_has_its_type_and_value(claim: str, value: Any) -> None:
    refuse(sign({**good_claims(), claim: value}))


@pytest.mark.parametrize("payload", [b"", b"null", b"[]", b'"x"', b"{", b"\xff", b"1e999"])
def test_payloads_that_are_no_claims(payload: bytes) -> None:
    refuse(sign(payload))


def test_life_is_limited_whoever_signed() -> None:
    claims = good_claims()
    refuse(sign({**claims, "exp": claims["iat"] + 3601}))
    refuse(sign({**claims, "exp": claims["iat"]}))


def test_length_is_limited_before_anything_is_read() -> None:
    claims = good_claims()
    refuse(sign({**claims, "sub": "a" * 40_000}))


@given(st.text(max_size=200))
def test_any_text_is_refused_calmly(text: str) -> None:
    refuse(text)


@given(st.integers(0, 400), st.sampled_from("ABCxyz019-_."))
def test_any_change_of_one_character_that_matters_is_refused(position: int, character: str) -> None:
    token, claims = mint()
    changed = token[:position] + character + token[position + 1 :]
    try:
        verified = AccessTokenVerifier(KEYS).verify(changed, NOW)
    except Unauthenticated:
        return
    assert verified == claims


@pytest.mark.parametrize("header", ["Bearer abc", "bearer abc", "BEARER  abc "])
def test_bearer_is_read(header: str) -> None:
    assert read_bearer(header) == "abc"


@pytest.mark.parametrize("header", ["", "abc", "Basic abc", "Bearer", "Bearer ", "Token abc"])
def test_other_schemes_are_refused(header: str) -> None:
    with pytest.raises(Unauthenticated, match="Bearer"):
        read_bearer(header)
