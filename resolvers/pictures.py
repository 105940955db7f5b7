"""Pictures as the graph shows them: the right format and size for the device, by a URL that cannot be guessed."""

from msgspec import Struct

from bff.artwork.sizes import ImageKind, choose_format, choose_width, compute_height
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
    path = context.services.images.url(subject_id, kind, version, chosen_width, chosen_format)
    return Picture(
        url=context.services.settings.public_url + path,
        width=chosen_width,
        height=compute_height(kind, chosen_width),
        format=chosen_format,
        alt=alt,
        placeholder=placeholder,
    )
