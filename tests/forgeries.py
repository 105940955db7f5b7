"""Access tokens that must open nothing: what attackers make of a token that they hold, and of one that they sign.

`FORGERIES` names each and tells how to make it; `STRANGERS` are good tokens, but for whom they name.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec_key
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bff.auth.keys import SigningKey

OWN_KEY = generate_ec_key(SECP256R1())
OWN_RSA_KEY = generate_rsa_key(65537, 2048)
YEARS = 100 * 365 * 86400
HMACS = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}
WEAK_SECRETS = (
    "",
    "secret",
    "password",
    "key",
    "changeme",
    "123456",
    "jwt",
    "marquee",
    "your-256-bit-secret",
    "\0\0\0",
)
NAN, INFINITY = float("nan"), float("inf")


def encode(part: Any) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def sign(header: Any, claims: Any, key: Any = OWN_KEY) -> str:
    """With ES256, whatever the header says."""
    signed = f"{encode(header)}.{encode(claims)}"
    return f"{signed}.{encode(jwt.get_algorithm_by_name('ES256').sign(signed.encode(), key))}"


def sign_symmetrically(header: dict[str, Any], claims: Any, secret: bytes) -> str:
    signed = f"{encode(header)}.{encode(claims)}"
    digest = hmac.new(secret, signed.encode(), HMACS[header["alg"]]).digest()
    return f"{signed}.{encode(digest)}"


@dataclass(frozen=True)
class Loot:
    """A good token, the key that signed it, and a URL where somebody listens."""

    token: str
    key: SigningKey
    url: str

    @property
    def header(self) -> dict[str, Any]:
        return dict(jwt.get_unverified_header(self.token))

    @property
    def claims(self) -> dict[str, Any]:
        return dict(jwt.decode(self.token, options={"verify_signature": False}))

    @property
    def signature(self) -> str:
        return self.token.rpartition(".")[2]

    def with_header(self, **changed: Any) -> str:
        """Under the old signature."""
        return f"{encode({**self.header, **changed})}.{self.token.split('.')[1]}.{self.signature}"

    def with_claims(self, **changed: Any) -> str:
        """Under the old signature."""
        return f"{self.token.split('.')[0]}.{encode({**self.claims, **changed})}.{self.signature}"

    def signed(self, *, without: str = "", header: dict[str, Any] | None = None, **changed: Any) -> str:
        """By the server's own key."""
        claims = {**self.claims, **changed}
        claims.pop(without, None)
        return sign({**self.header, **(header or {})}, claims, self.key.private_key)


Forge = Callable[[Loot], str]


def list_algorithm_forgeries() -> Iterator[tuple[str, Forge]]:
    for alg in ("none", "None", "NONE", "nOnE", "none ", "", None, 0, ["none"]):
        yield f"alg {alg!r}, no signature", lambda loot, alg=alg: loot.with_header(alg=alg).rpartition(".")[0] + "."
        yield f"alg {alg!r}, old signature", lambda loot, alg=alg: loot.with_header(alg=alg)
    header = {"typ": "at+jwt"}
    yield "alg missing, no signature", lambda loot: f"{encode(header)}.{encode(loot.claims)}."
    yield "alg missing, old signature", lambda loot: f"{encode(header)}.{encode(loot.claims)}.{loot.signature}"
    for secret in WEAK_SECRETS:
        yield (
            f"HS256 with {secret!r}",
            lambda loot, secret=secret: sign_symmetrically(
                {**loot.header, "alg": "HS256"}, loot.claims, secret.encode()
            ),
        )
    for alg in HMACS:
        for form in ("PEM", "stripped", "one line", "DER"):
            yield f"{alg} with the public key as {form}", lambda loot, alg=alg, form=form: confuse(loot, alg, form)
    for alg, name in (("PS256", "PSS"), ("RS512", "PKCS 1")):
        yield f"{alg} by another key", lambda loot, alg=alg, name=name: sign_by_rsa(loot, alg, name)


def confuse(loot: Loot, alg: str, form: str) -> str:
    """The public key as if it were a shared secret."""
    pem = loot.key.public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    der = loot.key.public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    secret = {"PEM": pem, "stripped": pem.strip(), "one line": pem.replace(b"\n", b""), "DER": der}[form]
    return sign_symmetrically({**loot.header, "alg": alg}, loot.claims, secret)


def sign_by_rsa(loot: Loot, alg: str, name: str) -> str:
    signed = f"{encode({**loot.header, 'alg': alg})}.{encode(loot.claims)}"
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    signature = (
        OWN_RSA_KEY.sign(signed.encode(), pss, hashes.SHA256())
        if name == "PSS"
        else OWN_RSA_KEY.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA512())
    )
    return f"{signed}.{encode(signature)}"


def list_signature_forgeries() -> Iterator[tuple[str, Forge]]:
    def put(loot: Loot, signature: str) -> str:
        return f"{loot.token.rpartition('.')[0]}.{signature}"

    def flip(loot: Loot) -> str:
        raw = bytearray(base64.urlsafe_b64decode(loot.signature + "=="))
        raw[10] ^= 1
        return put(loot, encode(bytes(raw)))

    yield "signature removed", lambda loot: loot.token.rpartition(".")[0]
    yield "signature empty", lambda loot: put(loot, "")
    yield "signature truncated", lambda loot: put(loot, loot.signature[:40])
    yield "signature with a bit flipped", flip
    yield "signature of zeroes", lambda loot: put(loot, encode(bytes(64)))
    yield "signature with r = 0", lambda loot: put(loot, encode(bytes(32) + b"\1" * 32))
    yield "signature with s = 0", lambda loot: put(loot, encode(b"\1" * 32 + bytes(32)))
    yield "signature of another token", lambda loot: put(loot, sign({}, {}).rpartition(".")[2])
    yield "signature in DER", lambda loot: put(loot, encode(b"\x30\x06\x02\x01\x00\x02\x01\x00"))
    yield "two segments", lambda loot: ".".join(loot.token.split(".")[:2])
    yield "four segments", lambda loot: f"{loot.token}.{loot.signature}"
    yield "five segments", lambda loot: f"{loot.token}.{loot.signature}.{loot.signature}"
    yield "one segment", lambda loot: loot.token.split(".")[1]
    yield "dots alone", lambda _: ".."
    yield "another key", lambda loot: sign(loot.header, loot.claims)
    yield "header edited", lambda loot: loot.with_header(typ="JWT")
    yield "header spelt anew", lambda loot: loot.with_header()
    yield "payload edited: operator", lambda loot: loot.with_claims(permissions=["operator"])
    yield "payload edited: somebody else", lambda loot: loot.with_claims(sub="acc_aaaaaaaaaaaaaaaa")
    yield "payload edited: another profile", lambda loot: loot.with_claims(profile="pro_aaaaaaaaaaaaaaaa")
    yield "payload edited: longer life", lambda loot: loot.with_claims(exp=loot.claims["exp"] + 600)
    yield "payload edited: another plan", lambda loot: loot.with_claims(plan="BASIC")


def list_key_forgeries() -> Iterator[tuple[str, Forge]]:
    for kid in (
        "../../../../dev/null",
        "/dev/null",
        "x' UNION SELECT 'key",
        "x; id",
        "URL",
        "k\x00",
        "x" * 40_000,
        ["k"],
        {"k": "k"},
        1,
        None,
        "unknown",
    ):
        name = repr(kid)[:40]
        yield (
            f"kid {name}, forged",
            lambda loot, kid=kid: sign({**loot.header, "kid": loot.url if kid == "URL" else kid}, loot.claims),
        )
        yield (
            f"kid {name}, old signature",
            lambda loot, kid=kid: loot.with_header(kid=loot.url if kid == "URL" else kid),
        )

    def carry(loot: Loot, **key: Any) -> str:
        return sign({**loot.header, **key}, loot.claims)

    point = json.loads(jwt.get_algorithm_by_name("ES256").to_jwk(OWN_KEY.public_key()))
    yield "jwk in the header", lambda loot: carry(loot, jwk={**point, "kid": loot.key.kid})
    yield "jku in the header", lambda loot: carry(loot, jku=f"{loot.url}/jwks.json")
    yield "x5u in the header", lambda loot: carry(loot, x5u=f"{loot.url}/chain.pem")
    der = OWN_KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    yield "x5c in the header", lambda loot: carry(loot, x5c=[base64.b64encode(der).decode()])


def list_time_claims() -> Iterator[tuple[str, Forge]]:
    def move(loot: Loot, seconds: int) -> str:
        """The whole life of the token."""
        return loot.signed(**{claim: loot.claims[claim] + seconds for claim in ("iat", "nbf", "exp")})

    yield "exp past", lambda loot: move(loot, -7200)
    yield "exp past by 61 s", lambda loot: move(loot, -961)
    yield "exp in 100 years", lambda loot: loot.signed(exp=loot.claims["iat"] + YEARS)
    yield "exp before iat", lambda loot: loot.signed(exp=loot.claims["iat"] - 1)
    yield "all of it in the future", lambda loot: move(loot, 600)
    for value in ("2099-01-01", None, -1, NAN, INFINITY, True, [9999999999], 0, 1e99):
        yield f"exp {value!r}", lambda loot, value=value: loot.signed(exp=value)
    for claim in ("nbf", "iat"):
        yield f"{claim} in the future", lambda loot, claim=claim: loot.signed(**{claim: loot.claims["iat"] + 600})
        yield f"{claim} a string", lambda loot, claim=claim: loot.signed(**{claim: str(loot.claims["iat"])})


_NO_IDS = ("' OR '1'='1", "acc_\x00", "acc_aaaaaaaaaaaaaaaa\n", "*")


def list_other_claims() -> Iterator[tuple[str, Forge]]:
    for claim in ("exp", "nbf", "iat", "aud", "iss", "sub", "jti", "family", "device", "permissions"):
        yield f"{claim} missing", lambda loot, claim=claim: loot.signed(without=claim)
    values: dict[str, tuple[Any, ...]] = {
        "aud": ("another", "marquee", "marquee/graphql/", "marquee/graphq", [], ["marquee/graphql"], None),
        "iss": ("another", "marquee.example", ["marquee"], None),
        "sub": ("", 1, ["acc"], None, {"id": "acc"}, "acc_" + "a" * 40_000, "acc_\ud800", *_NO_IDS),
        "jti": ("", 1, None),
        "permissions": ("operator", None, [1]),
        "plan": ("GOLD", 1),
        "profile": (1, ["pro"], *_NO_IDS),
        "family": ("", 1, None, *_NO_IDS),
        "device": ("", 1, None, *_NO_IDS),
        "region": (None, 1),
    }
    for claim, wrong in values.items():
        for value in wrong:
            yield f"{claim} {value!r}"[:60], lambda loot, claim=claim, value=value: loot.signed(**{claim: value})
    yield "crit", lambda loot: loot.signed(header={"crit": ["exp"]})
    yield "b64 false", lambda loot: loot.signed(header={"b64": False, "crit": ["b64"]})
    for typ in ("JWT", "refresh", "refresh+jwt", None):
        yield f"typ {typ!r}", lambda loot, typ=typ: loot.signed(header={"typ": typ})
    yield "token_use refresh", lambda loot: loot.signed(token_use="refresh")
    for alg in ("PS256", "RS512", "ES384", "EdDSA"):
        yield f"alg {alg} with the right key", lambda loot, alg=alg: loot.signed(header={"alg": alg})
    for payload in (b"null", b"[]", b'"x"', b"{", b"\xff", b""):
        yield (
            f"payload {payload!r}",
            lambda loot, payload=payload: sign(loot.header, payload, loot.key.private_key),
        )


def list_strangers() -> Iterator[tuple[str, Forge]]:
    """Good tokens of nobody: what they name is not there."""
    yield "account of nobody", lambda loot: loot.signed(sub="acc_aaaaaaaaaaaaaaaa")
    yield "account of nobody without a profile", lambda loot: loot.signed(sub="acc_aaaaaaaaaaaaaaaa", profile=None)
    yield "device of nobody", lambda loot: loot.signed(device="dev_aaaaaaaaaaaaaaaa")
    yield "profile of nobody", lambda loot: loot.signed(profile="pro_aaaaaaaaaaaaaaaa")


FORGERIES: dict[str, Forge] = {
    **dict(list_algorithm_forgeries()),
    **dict(list_signature_forgeries()),
    **dict(list_key_forgeries()),
    **dict(list_time_claims()),
    **dict(list_other_claims()),
}
STRANGERS: dict[str, Forge] = dict(list_strangers())
