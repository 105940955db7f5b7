"""The names of pictures: what is needed to draw one, and a keyed hash, so that none can be guessed from an id."""

import base64
import hashlib
import hmac
import re

from msgspec import Struct

from bff.artwork.sizes import WIDTHS, ImageKind
from bff.domain.devices import ImageFormat

PREFIX = "/images/"

_EXTENSIONS = {
    ImageFormat.AVIF: "avif",
    ImageFormat.WEBP: "webp",
    ImageFormat.JPEG: "jpg",
    ImageFormat.PNG: "png",
}
_FORMATS = {extension: image_format for image_format, extension in _EXTENSIONS.items()}
_NAME = re.compile(
    r"(?P<subject>[A-Za-z0-9_-]{1,64})/(?P<kind>[a-z]{1,16})-(?P<width>[1-9][0-9]{1,4})"
    r"\.(?P<version>[A-Za-z0-9]{1,32})\.(?P<seal>[A-Za-z0-9_-]{16})\.(?P<extension>[a-z]{3,4})",
    re.ASCII,
)
_SEAL_BYTES = 12


class ImageName(Struct, frozen=True):
    """One picture: of what, in which version, how."""

    subject_id: str
    kind: ImageKind
    version: str
    width: int
    format: ImageFormat

    @property
    def storage_key(self) -> str:
        """Where the object store keeps it."""
        extension = _EXTENSIONS[self.format]
        return f"images/{self.subject_id}/{self.kind.lower()}-{self.width}.{self.version}.{extension}"


class ImageSigner:
    """Mints and reads names under one key, of at most 64 bytes; every process must have the same."""

    def __init__(self, key: bytes) -> None:
        self._keyed = hashlib.blake2b(key=key, digest_size=_SEAL_BYTES, person=b"images")

    @classmethod
    def from_secret(cls, secret: str) -> "ImageSigner":
        """With a key of its own, derived from the installation's key-encryption key."""
        return cls(hashlib.blake2b(secret.encode(), digest_size=32, person=b"image-names").digest())

    def __repr__(self) -> str:
        return "ImageSigner(…)"

    def url(self, subject_id: str, kind: str, version: str, width: int, format: ImageFormat) -> str:  # noqa: A002
        """The path of a picture; mint it only for a viewer who may see the subject."""
        start = f"{subject_id}/{kind.lower()}-{width}.{version}."
        extension = _EXTENSIONS[format]
        return f"{PREFIX}{start}{self._seal(start + extension)}.{extension}"

    def parse(self, path: str) -> ImageName | None:
        """What `path` (with or without the prefix) names; None for what this key did not mint."""
        match = _NAME.fullmatch(path.removeprefix(PREFIX))
        if match is None:
            return None
        subject, kind, width, version, seal, extension = match.groups()
        expected = self._seal(f"{subject}/{kind}-{width}.{version}.{extension}")
        if not hmac.compare_digest(seal, expected):
            return None
        widths = WIDTHS.get(kind.upper(), ())
        if int(width) not in widths or extension not in _FORMATS:
            return None
        return ImageName(
            subject_id=subject,
            kind=ImageKind(kind.upper()),
            version=version,
            width=int(width),
            format=_FORMATS[extension],
        )

    def _seal(self, text: str) -> str:
        keyed = self._keyed.copy()
        keyed.update(text.encode())
        return base64.urlsafe_b64encode(keyed.digest()).decode()
