"""Pictures as the graph shows them: the right format and size for the device, by a URL that cannot be guessed."""

from functools import lru_cache

from msgspec import Struct

from bff.artwork.sizes import ImageKind, choose_format, choose_width, compute_height
from bff.artwork.urls import ImageSigner
from bff.context import OperationContext
from bff.domain.devices import ImageFormat
from bff.domain.titles import TitleCard
from bff.stores.kept import KeptByCard

_ALBUMS = 32


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
) -> Picture:
    """`width` is a wish, answered by the nearest one that is drawn; None goes by the device's class."""
    return _choose_style(context, kind, width).make_picture(subject_id, version, alt)


class Style(Struct, frozen=True):
    """How pictures of one kind are shown to a device, by URLs of this installation. `width` is one that is drawn."""

    signer: ImageSigner
    public_url: str
    kind: ImageKind
    width: int
    format: ImageFormat

    def make_picture(self, subject_id: str, version: str, alt: str, placeholder: str | None = None) -> Picture:
        return Picture(
            url=self.public_url + self.signer.url(subject_id, self.kind, version, self.width, self.format),
            width=self.width,
            height=compute_height(self.kind, self.width),
            format=self.format,
            alt=alt,
            placeholder=placeholder,
        )

    def picture_title(self, card: TitleCard) -> Picture:
        placeholder = card.artwork.placeholders.get(self.kind)
        return self.make_picture(card.id, card.artwork.version, card.name, placeholder)


Album = KeptByCard[TitleCard, Picture]


def open_album(context: OperationContext, kind: ImageKind, width: int | None = None) -> Album:
    """Titles' pictures that fit the request's device; `width` as in `make_picture`."""
    return _open_album(_choose_style(context, kind, width))


@lru_cache(maxsize=_ALBUMS)
def _open_album(style: Style) -> Album:
    """A home shows two hundred pictures, most of them shown before."""
    return KeptByCard(style.picture_title)


def _choose_style(context: OperationContext, kind: ImageKind, width: int | None) -> Style:
    services = context.services
    return Style(
        signer=services.images,
        public_url=services.settings.public_url,
        kind=kind,
        width=choose_width(kind, width, context.device_class),
        format=choose_format(context.image_formats, context.caller.accept, is_transparent=kind is ImageKind.LOGO),
    )
