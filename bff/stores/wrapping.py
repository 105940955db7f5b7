"""Wraps what is kept under the key-encryption key (AES-256-GCM), and opens it; decides nothing about what that is."""

import base64
import binascii
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bff.settings import Secret, SettingsError

_NONCE_BYTES = 12


class Wrapping:
    """The key-encryption key, opened. Raises SettingsError where that is malformed."""

    def __init__(self, key_encryption_key: Secret) -> None:
        self._cipher = AESGCM(decode_key_encryption_key(key_encryption_key))

    def wrap(self, plain: bytes, owner: bytes) -> bytes:
        """A nonce of 12 bytes, then what is sealed; good only for whoever names the same owner."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, owner)

    def unwrap(self, wrapped: bytes, owner: bytes) -> bytes | None:
        """None where it was wrapped with another key, for another owner, or was changed since."""
        try:
            return self._cipher.decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], owner)
        except InvalidTag:
            return None


def decode_key_encryption_key(key_encryption_key: Secret) -> bytes:
    """Its 32 bytes. Raises SettingsError, saying how to make such a key."""
    try:
        key = base64.b64decode(key_encryption_key, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != 32:
        raise SettingsError(
            "BFF_KEY_ENCRYPTION_KEY is not 32 bytes in base64; `openssl rand -base64 32` makes such a key."
        )
    return key
