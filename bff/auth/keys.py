"""The keys of access tokens: ES256, kept in PostgreSQL with the private part under the key-encryption key.

A new key is published before it signs and an old one verifies after it did, each for longer than anybody takes to hear
of it: so keys change under running processes, and no good token is refused.
"""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Final

import asyncpg
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec_key
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
from msgspec import Struct

from bff.settings import Secret, SettingsError
from bff.stores import signing_keys
from bff.stores.signing_keys import StoredKey
from bff.stores.wrapping import Wrapping, decode_key_encryption_key

ALGORITHM: Final = "ES256"
MAX_AGE = 3600
"""Seconds; an access token that claims a longer life is refused, whoever signed it."""
LOOK_EVERY = 10.0
"""Seconds between two looks at the keys."""
PUBLISHED_AHEAD = timedelta(minutes=10)
"""How long a new key is known before it signs: many looks, and twice what others may cache the published keys."""
KEPT_AFTER = timedelta(seconds=MAX_AGE) + timedelta(minutes=5)
"""How long a key verifies after its successor began to sign: longer than any token of it lives."""

log = logging.getLogger(__name__)


class SigningKey(Struct, frozen=True):
    """`signs_from` may lie ahead: until then the key verifies only."""

    kid: str
    private_key: EllipticCurvePrivateKey
    public_key: EllipticCurvePublicKey
    signs_from: datetime

    def __repr__(self) -> str:
        return f"SigningKey({self.kid!r}, signs_from={self.signs_from})"


class KeyRing:
    """The keys as this process knows them. `on_loss` is called when one of them is good no more."""

    def __init__(self, keys: Iterable[SigningKey]) -> None:
        self.on_loss: Callable[[], None] | None = None
        self._keys: dict[str, SigningKey] = {}
        self.take(keys)

    def __repr__(self) -> str:
        return f"KeyRing({list(self._keys)})"

    def take(self, keys: Iterable[SigningKey]) -> None:
        """Know these and no others."""
        held = self._keys
        self._keys = {key.kid: key for key in sorted(keys, key=lambda key: key.signs_from)}
        if self.on_loss is not None and not held.keys() <= self._keys.keys():
            self.on_loss()

    def list_keys(self) -> tuple[SigningKey, ...]:
        """All that verify, in the order in which they sign."""
        return tuple(self._keys.values())

    def find_public_key(self, kid: str) -> EllipticCurvePublicKey | None:
        key = self._keys.get(kid)
        return key.public_key if key is not None else None

    def choose(self, now: datetime) -> SigningKey:
        """The key that signs at an instant: the newest whose time has come, else the first to come."""
        keys = self.list_keys()
        return next((key for key in reversed(keys) if key.signs_from <= now), keys[0])

    @asynccontextmanager
    async def following(
        self, pool: asyncpg.Pool, key_encryption_key: Secret, now: Callable[[], datetime]
    ) -> AsyncIterator["KeyRing"]:
        """Take up what changes in PostgreSQL until the block ends; while that is away the keys stay as they are."""
        task = asyncio.create_task(self._follow(pool, key_encryption_key, now), name="signing keys")
        try:
            yield self
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _follow(self, pool: asyncpg.Pool, key_encryption_key: Secret, now: Callable[[], datetime]) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY)
            try:
                self.take(await read_signing_keys(pool, key_encryption_key, now()))
            except Exception as error:  # a key that cannot be had must not cost those that are there
                log.warning("The signing keys could not be read; going on with those known: %r", error)


async def open_key_ring(pool: asyncpg.Pool, key_encryption_key: Secret, now: datetime) -> KeyRing:
    """Read the keys, or make the first one; many processes may do so at once.

    Raises SettingsError where the key-encryption key is malformed, or is not the one that the keys were wrapped with.
    """
    return KeyRing(await read_signing_keys(pool, key_encryption_key, now))


async def read_signing_keys(pool: asyncpg.Pool, key_encryption_key: Secret, now: datetime) -> tuple[SigningKey, ...]:
    """What verifies at an instant, at least one; raises like `open_key_ring`."""
    wrapping = Wrapping(key_encryption_key)
    stored = await signing_keys.read_keys(pool, lambda: _make_key(wrapping, now, signs_from=now), now)
    return tuple(_open_key(wrapping, key) for key in stored)


async def rotate_signing_key(
    pool: asyncpg.Pool, key_encryption_key: Secret, now: datetime, *, age: timedelta
) -> str | None:
    """Publish the next key, where the newest will have signed for `age` by the time it begins; answers its id.

    May run at once in many processes. The keys before it verify for as long as tokens of theirs live. Raises
    SettingsError for a malformed key-encryption key.
    """
    wrapping = Wrapping(key_encryption_key)
    signs_from = now + PUBLISHED_AHEAD
    return await signing_keys.add_next_key(
        pool,
        lambda: _make_key(wrapping, now, signs_from=signs_from),
        unless_newer_than=signs_from - age,
        retires_others_at=signs_from + KEPT_AFTER,
        now=now,
    )


def derive_key(key_encryption_key: Secret, purpose: str) -> bytes:
    """A key of 32 bytes for one purpose, the same in every process (HKDF, RFC 5869).

    Raises SettingsError where the key-encryption key is malformed.
    """
    secret = decode_key_encryption_key(key_encryption_key)
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode()).derive(secret)


def _make_key(wrapping: Wrapping, now: datetime, *, signs_from: datetime) -> StoredKey:
    private_key = generate_ec_key(SECP256R1())
    kid = secrets.token_hex(8)
    plain = private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return StoredKey(
        kid=kid,
        algorithm=ALGORITHM,
        public_key=private_key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        wrapped_private_key=wrapping.wrap(plain, kid.encode()),
        created_at=now,
        signs_from=signs_from,
    )


def _open_key(wrapping: Wrapping, stored: StoredKey) -> SigningKey:
    return SigningKey(stored.kid, _unwrap(wrapping, stored), _load_public(stored), stored.signs_from)


def _unwrap(wrapping: Wrapping, stored: StoredKey) -> EllipticCurvePrivateKey:
    plain = wrapping.unwrap(stored.wrapped_private_key, stored.kid.encode())
    if plain is None:
        raise SettingsError(
            "BFF_KEY_ENCRYPTION_KEY is not the key that this database's signing keys were wrapped with: start with "
            "that one, or delete the rows of signing_key, which ends the access tokens in use."
        )
    private_key = load_der_private_key(plain, None)
    if not isinstance(private_key, EllipticCurvePrivateKey):
        raise SettingsError(f"The signing key {stored.kid} is not an elliptic curve key: delete its row.")
    return private_key


def _load_public(stored: StoredKey) -> EllipticCurvePublicKey:
    public_key = load_der_public_key(stored.public_key)
    if not isinstance(public_key, EllipticCurvePublicKey):
        raise SettingsError(f"The signing key {stored.kid} is not an elliptic curve key: delete its row.")
    return public_key
