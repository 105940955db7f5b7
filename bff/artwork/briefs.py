"""What there is to draw of a subject, and the versions of what has no stored artwork of its own."""

from msgspec import Struct

from bff.artwork.describe import compute_version


class TitleBrief(Struct, frozen=True, kw_only=True):
    """A film or series: box art, wide, hero, logo, and a film's still.

    `version` is that of its `Artwork`; `genre_slugs` stand in the same order as when that was described;
    `genre_name` is what the poster says in small type.
    """

    version: str
    name: str
    release_year: int
    genre_slugs: tuple[str, ...]
    genre_name: str = ""


class StillBrief(Struct, frozen=True, kw_only=True):
    """An episode: `title` is its series, `label` is `S2:E3`."""

    title: TitleBrief
    label: str
    name: str = ""

    @property
    def version(self) -> str:
        return compute_version("still", self.title.version, self.label, self.name)


class PersonBrief(Struct, frozen=True, kw_only=True):
    """A person, shown by initials."""

    name: str

    @property
    def version(self) -> str:
        return compute_version("person", self.name)


class AvatarBrief(Struct, frozen=True, kw_only=True):
    """One of the avatars that profiles choose from: `key` is in `AVATARS`."""

    key: str

    @property
    def version(self) -> str:
        return compute_version("avatar", self.key)


DrawingBrief = TitleBrief | StillBrief | PersonBrief | AvatarBrief
