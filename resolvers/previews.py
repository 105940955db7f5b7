"""Short silent clips as the graph shows them: in the width that the device wants, by a name that cannot be guessed."""

from collections.abc import Sequence

from msgspec import Struct

from bff.context import OperationContext
from bff.domain.devices import DeviceClass, VideoCodec
from bff.domain.titles import AnyTitleCard, MovieCard
from bff.domain.video import Preview

_WIDTHS = {
    "hover": {DeviceClass.TV: 500, DeviceClass.WEB: 342, DeviceClass.MOBILE: 342, DeviceClass.TABLET: 500},
    "hero": {DeviceClass.TV: 1280, DeviceClass.WEB: 1280, DeviceClass.MOBILE: 780, DeviceClass.TABLET: 780},
}


class PreviewView(Struct, frozen=True):
    """`duration` in seconds."""

    url: str
    duration: float
    width: int
    height: int
    codec: VideoCodec


def view_preview(
    context: OperationContext, card: AnyTitleCard, place: str, width: int | None = None
) -> PreviewView | None:
    """`place` is hover or hero; `width` is a wish, answered by the narrowest that is as wide, else the widest there is.

    A film shows its own picture, a series that of its first trailer.
    """
    clips = [clip for clip in _list_clips(card) if f"/{place}-" in clip.name]
    if not clips:
        return None
    wish = width or _WIDTHS[place][context.device_class]
    chosen = min((clip for clip in clips if clip.width >= wish), key=_measure, default=max(clips, key=_measure))
    return PreviewView(
        url=f"{context.services.settings.public_url}/previews/{chosen.name}",
        duration=chosen.duration,
        width=chosen.width,
        height=chosen.height,
        codec=chosen.codec,
    )


def _list_clips(card: AnyTitleCard) -> Sequence[Preview]:
    videos = [card.video] if isinstance(card, MovieCard) else []
    videos += [trailer.video for trailer in card.trailers]
    return next((video.previews for video in videos if video is not None and video.previews), ())


def _measure(clip: Preview) -> int:
    return clip.width
