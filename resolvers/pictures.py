"""Pictures as the graph shows them: the right format and size for the device, by a URL that cannot be guessed."""

from functools import lru_cache

from msgspec import Struct

from bff.artwork.sizes import ImageKind, choose_format, choose_width, compute_height
from bff.artwork.urls import ImageSigner
from bff.context import OperationContext
from bff.domain.devices import ImageFormat


class Picture(Struct, frozen=True):
    """`width` and `height` in pixels; `placeholder` a ThumbHash in base64."""

    url: str
    width: int
    height: int
    format: ImageFormat
    alt: str
    placeholder: str | None = None


def make_picture(
    context: OperationContext,
    *,
    subject_id: str,
    kind: ImageKind,
    version: str,
    alt: str,
    width: int | None = None,
    placeholder: str | None = None,
) -> Picture:
    """`width` is a wish, answered by the nearest one that is drawn; None goes by the device's class."""
    chosen_width = choose_width(kind, width, context.device_class)
    chosen_format = choose_format(context.image_formats, context.caller.accept, is_transparent=kind is ImageKind.LOGO)
    signer, public_url = context.services.images, context.services.settings.public_url
    return _make(signer, public_url, subject_id, kind, version, alt, placeholder, chosen_width, chosen_format)


@lru_cache(maxsize=32_768)
def _make(  # noqa: PLR0917 - positional, since that is what makes the cache quick
    signer: ImageSigner,
    public_url: str,
    subject_id: str,
    kind: ImageKind,
    version: str,
    alt: str,
    placeholder: str | None,
    width: int,
    image_format: ImageFormat,
) -> Picture:
    """A picture depends on nothing else, and most are asked for again: a home shows two hundred."""
    return Picture(
        url=public_url + signer.url(subject_id, kind, version, width, image_format),
        width=width,
        height=compute_height(kind, width),
        format=image_format,
        alt=alt,
        placeholder=placeholder,
    )
