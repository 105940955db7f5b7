"""What there is to draw of a subject; each brief's `version` is the one that its URLs carry."""

from msgspec import Struct

from bff.artwork.describe import DRAWING_VERSION, compute_version


class TitleBrief(Struct, frozen=True, kw_only=True):
    """A film or series: box art, wide, hero, logo, and a film's still.

    `version` is that of its `Artwork`; `genre_slugs` stand in the same order as when that was described;
    `genre_name` is what the poster says in small type. `still` is where the object store has a frame of its video.
    """

    version: str
    name: str
    release_year: int
    genre_slugs: tuple[str, ...]
    genre_name: str = ""
    still: str = ""


class StillBrief(Struct, frozen=True, kw_only=True):
    """An episode or a trailer: `label` is `S2:E3` or the trailer's name, `still` is of its own video."""

    title: TitleBrief
    label: str
    still: str = ""

    @property
    def version(self) -> str:
        return compute_version(self.title.version, self.still) if self.still else self.title.version


class PersonBrief(Struct, frozen=True, kw_only=True):
    """A person, shown by initials."""

    name: str

    @property
    def version(self) -> str:
        return DRAWING_VERSION


class AvatarBrief(Struct, frozen=True, kw_only=True):
    """One of the avatars that profiles choose from: `key` is in `AVATARS`."""

    key: str

    @property
    def version(self) -> str:
        return DRAWING_VERSION


DrawingBrief = TitleBrief | StillBrief | PersonBrief | AvatarBrief
