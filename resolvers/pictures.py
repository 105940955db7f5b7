"""Pictures as the graph shows them: the right format and size for the device, by a URL that cannot be guessed."""

from functools import lru_cache

from msgspec import Struct

from bff.artwork.sizes import ImageKind, choose_format, choose_width, compute_height
from bff.artwork.urls import ImageSigner
from bff.context import OperationContext
from bff.domain.devices import ImageFormat
from bff.domain.titles import TitleCard

_ALBUMS = 32
_MOST_IN_ALBUM = 2048


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
    style = _choose_style(context, kind, width)
    return style.make_picture(subject_id, version, alt, placeholder)


class Style(Struct, frozen=True):
    """How pictures of one kind are shown to a device, by URLs of this installation. `width` is one that is drawn."""

    signer: ImageSigner
    public_url: str
    kind: ImageKind
    width: int
    format: ImageFormat

    def make_picture(self, subject_id: str, version: str, alt: str, placeholder: str | None) -> Picture:
        return Picture(
            url=self.public_url + self.signer.url(subject_id, self.kind, version, self.width, self.format),
            width=self.width,
            height=compute_height(self.kind, self.width),
            format=self.format,
            alt=alt,
            placeholder=placeholder,
        )


class Album:
    """Titles' pictures in one style, kept for all requests: a home shows two hundred, most of them shown before."""

    __slots__ = ("_kept", "_style")

    def __init__(self, style: Style) -> None:
        self._style = style
        self._kept: dict[str, tuple[TitleCard, Picture]] = {}

    def find(self, card: TitleCard) -> Picture:
        kept = self._kept.get(card.id)
        if kept is not None and kept[0] is card:
            return kept[1]
        artwork, kind = card.artwork, self._style.kind
        picture = self._style.make_picture(card.id, artwork.version, card.name, artwork.placeholders.get(kind))
        if len(self._kept) >= _MOST_IN_ALBUM:
            self._kept.pop(next(iter(self._kept)))
        self._kept[card.id] = card, picture
        return picture


def open_album(context: OperationContext, kind: ImageKind, width: int | None) -> Album:
    """With the pictures that fit the request's device; `width` as in `make_picture`."""
    return _open_album(_choose_style(context, kind, width))


def _choose_style(context: OperationContext, kind: ImageKind, width: int | None) -> Style:
    services = context.services
    return Style(
        signer=services.images,
        public_url=services.settings.public_url,
        kind=kind,
        width=choose_width(kind, width, context.device_class),
        format=choose_format(context.image_formats, context.caller.accept, is_transparent=kind is ImageKind.LOGO),
    )


_open_album = lru_cache(maxsize=_ALBUMS)(Album)
