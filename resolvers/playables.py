"""Fields of what plays. Until a video was made of it, a playable has no tracks and no renditions."""

import strawberry

from bff.artwork.sizes import ImageKind
from bff.context import Info
from bff.domain import next_up
from bff.domain.titles import AnyPlayable, AnyTitleCard, Episode
from bff.stores.drawing_briefs import brief_episode
from resolvers.pictures import Picture, make_picture

Parent = strawberry.Parent[AnyPlayable]


def get_title(root: Parent) -> AnyTitleCard:
    return root.series if isinstance(root, Episode) else root


def get_label(root: Parent) -> str | None:
    return root.label if isinstance(root, Episode) else None


def get_video(root: Parent) -> str:
    del root
    return "NONE"


def picture_still(root: Parent, info: Info, width: int | None = None) -> Picture | None:
    """A drawn one, until there is a video to take it from."""
    return make_picture(
        info.context,
        subject_id=root.id,
        kind=ImageKind.STILL,
        version=(
            brief_episode(info.context.catalogue, root).version if isinstance(root, Episode) else root.artwork.version
        ),
        alt=root.name,
        width=width,
    )


def get_thumbnails(root: Parent) -> None:
    del root


def list_audio_tracks(root: Parent) -> list[None]:
    del root
    return []


def list_subtitles(root: Parent) -> list[None]:
    del root
    return []


def list_renditions(root: Parent) -> list[None]:
    del root
    return []


def list_skip_markers(root: Parent) -> list[None]:
    del root
    return []


def get_next(root: Parent) -> AnyPlayable | None:
    return next_up.find_next_episode(root) if isinstance(root, Episode) else None
