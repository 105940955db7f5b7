"""Fields of what plays. Until a video was made of it, a playable has no tracks and no renditions."""

import strawberry
from msgspec import Struct

from bff.artwork.sizes import ImageKind
from bff.context import Info
from bff.domain import next_up
from bff.domain.accounts import find_plan_in_force
from bff.domain.entitlements import choose_renditions
from bff.domain.titles import AnyPlayable, AnyTitleCard, Episode, MovieCard
from bff.domain.video import (
    AudioTrack,
    Quality,
    Rendition,
    SkipMarker,
    SubtitleKind,
    SubtitleTrack,
    TrickPlay,
    VideoState,
)
from bff.stores.drawing_briefs import brief_part
from resolvers import titles
from resolvers.pictures import Picture, make_picture


class TrickPlayView(Struct, frozen=True):
    """Thumbnails, with the URL that a playback session has for them."""

    vtt_url: str | None
    tile_width: int
    tile_height: int
    interval: float

    def __repr__(self) -> str:
        return f"TrickPlayView({self.tile_width}x{self.tile_height}, every {self.interval} s)"


class SubtitleView(Struct, frozen=True):
    """A track of subtitles, with the URL that a playback session has for it."""

    language: str
    name: str
    kind: SubtitleKind
    url: str | None

    def __repr__(self) -> str:
        return f"SubtitleView({self.language!r}, {self.name!r}, {self.kind!r})"


Parent = strawberry.Parent[AnyPlayable]


def get_title(root: Parent) -> AnyTitleCard:
    return titles.get_title(root)


def get_label(root: Parent) -> str | None:
    return root.label if isinstance(root, Episode) else None


def get_video(root: Parent) -> VideoState:
    return root.video_state


def picture_still(root: Parent, info: Info, width: int | None = None) -> Picture | None:
    """A drawn one, until there is a video to take it from."""
    source = root.artwork if isinstance(root, MovieCard) else brief_part(info.context.catalogue, root)
    return make_picture(
        info.context,
        subject_id=root.id,
        kind=ImageKind.STILL,
        version=source.version,
        alt=root.name,
        width=width,
    )


def get_thumbnails(root: Parent) -> TrickPlayView | None:
    found = root.video.thumbnails if root.video is not None else None
    return view_thumbnails(found, None) if found is not None else None


def view_thumbnails(found: TrickPlay, vtt_url: str | None) -> TrickPlayView:
    return TrickPlayView(vtt_url, found.tile_width, found.tile_height, found.interval)


def list_audio_tracks(root: Parent) -> tuple[AudioTrack, ...]:
    return root.video.audio if root.video is not None else ()


def list_subtitles(root: Parent) -> list[SubtitleView]:
    return [view_subtitle(track, None) for track in root.video.subtitles] if root.video is not None else []


def view_subtitle(track: SubtitleTrack, url: str | None) -> SubtitleView:
    return SubtitleView(track.language, track.name, track.kind, url)


async def list_renditions(root: Parent, info: Info) -> tuple[Rendition, ...]:
    """Who has no plan is shown what the device can play."""
    if root.video is None:
        return ()
    context = info.context
    record = await context.read_account()
    plan = find_plan_in_force(record, context.now) if record is not None else None
    return choose_renditions(
        root.video.renditions,
        plan_quality=plan.max_quality if plan is not None else Quality.P2160,
        capabilities=context.capabilities,
        is_encrypted=root.video.is_encrypted,
    ).renditions


def list_skip_markers(root: Parent) -> tuple[SkipMarker, ...]:
    return root.markers


def get_next(root: Parent) -> AnyPlayable | None:
    return next_up.find_next_episode(root) if isinstance(root, Episode) else None
