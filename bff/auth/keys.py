"""The keys of access tokens: ES256, kept in PostgreSQL with the private part under the key-encryption key."""

import base64
import binascii
import secrets
from collections.abc import Mapping
from datetime import datetime

import asyncpg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec_key
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
)

from bff.settings import Secret, SettingsError
from bff.stores.signing_keys import StoredKey, read_keys

ALGORITHM = "ES256"
NONCE_BYTES = 12


class KeyRing:
    """The one key that signs, and by `kid` all that verify; never changes."""

    def __init__(
        self, kid: str, private_key: EllipticCurvePrivateKey, public_keys: Mapping[str, EllipticCurvePublicKey]
    ):
        self.kid = kid
        self.private_key = private_key
        self.public_keys = dict(public_keys)

    def __repr__(self) -> str:
        return f"KeyRing(kid={self.kid!r}, {len(self.public_keys)} keys)"


async def open_key_ring(pool: asyncpg.Pool, key_encryption_key: Secret, now: datetime) -> KeyRing:
    """Read the keys, or make the first one; many processes may do so at once.

    Raises SettingsError where the key-encryption key is malformed, or is not the one that the keys were wrapped with.
    """
    wrapping = AESGCM(_decode_key_encryption_key(key_encryption_key))
    stored = await read_keys(pool, lambda: _make_key(wrapping, now), now)
    signing = next(key for key in stored if key.retires_at is None)
    return KeyRing(signing.kid, _unwrap(wrapping, signing), {key.kid: _load_public(key) for key in stored})


def derive_key(key_encryption_key: Secret, purpose: str) -> bytes:
    """A key of 32 bytes for one purpose, the same in every process (HKDF, RFC 5869).

    Raises SettingsError where the key-encryption key is malformed.
    """
    secret = _decode_key_encryption_key(key_encryption_key)
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode()).derive(secret)


def _decode_key_encryption_key(key_encryption_key: Secret) -> bytes:
    try:
        key = base64.b64decode(key_encryption_key, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != 32:
        raise SettingsError(
            "BFF_KEY_ENCRYPTION_KEY is not 32 bytes in base64; `openssl rand -base64 32` makes such a key."
        )
    return key


def _make_key(wrapping: AESGCM, now: datetime) -> StoredKey:
    private_key = generate_ec_key(SECP256R1())
    kid = secrets.token_hex(8)
    nonce = secrets.token_bytes(NONCE_BYTES)
    plain = private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return StoredKey(
        kid=kid,
        algorithm=ALGORITHM,
        public_key=private_key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        wrapped_private_key=nonce + wrapping.encrypt(nonce, plain, kid.encode()),
        created_at=now,
    )


def _unwrap(wrapping: AESGCM, stored: StoredKey) -> EllipticCurvePrivateKey:
    nonce, sealed = stored.wrapped_private_key[:NONCE_BYTES], stored.wrapped_private_key[NONCE_BYTES:]
    try:
        plain = wrapping.decrypt(nonce, sealed, stored.kid.encode())
    except InvalidTag as error:
        raise SettingsError(
            "BFF_KEY_ENCRYPTION_KEY is not the key that this database's signing keys were wrapped with: start with "
            "that one, or delete the rows of signing_key, which ends the access tokens in use."
        ) from error
    private_key = load_der_private_key(plain, None)
    if not isinstance(private_key, EllipticCurvePrivateKey):
        raise SettingsError(f"The signing key {stored.kid} is not an elliptic curve key: delete its row.")
    return private_key


def _load_public(stored: StoredKey) -> EllipticCurvePublicKey:
    public_key = load_der_public_key(stored.public_key)
    if not isinstance(public_key, EllipticCurvePublicKey):
        raise SettingsError(f"The signing key {stored.kid} is not an elliptic curve key: delete its row.")
    return public_key
