"""What suits the hour where the viewer is; without a time zone there is no hour and no row."""

from collections import Counter

from msgspec import Struct

from bff.domain.home import HomeRow, RowKind, RowLayout
from bff.domain.titles import AnyTitleCard, MovieCard
from resolvers.sections.scene import Scene


class Part(Struct, frozen=True):
    """A part of the day; `longest` is the longest film that fits into it, in seconds."""

    from_hour: int
    name: str
    slugs: tuple[str, ...]
    longest: int | None = None


PARTS = (
    Part(5, "Easy Mornings", ("documentary", "comedy", "nature", "reality", "stand-up"), 100 * 60),
    Part(11, "Afternoon Picks", ("comedy", "family-kids", "romance", "animation", "music")),
    Part(17, "Tonight’s Picks", ("drama", "action-adventure", "thriller", "sci-fi", "biography")),
    Part(22, "Late Night", ("horror", "thriller", "crime", "mystery", "stand-up")),
)
PARTS_FOR_KIDS = (
    Part(5, "Good Morning", ("animation", "music", "nature", "family-kids"), 60 * 60),
    Part(11, "Afternoon Adventures", ("action-adventure", "sci-fi", "comedy", "sport")),
    Part(17, "Family Film Night", ("family-kids", "comedy", "music")),
    Part(22, "Sleep Well", ()),
)
"""At night kids are asleep: no genre, no row."""


class TimeOfDay:
    kind = RowKind.TIME_OF_DAY
    key = "hour"
    name = "Right for Now"

    async def propose(self, scene: Scene) -> list[HomeRow]:
        if scene.local_time is None:
            return []
        place = find_part(scene.local_time.hour)
        part = (PARTS_FOR_KIDS if scene.state.is_kids else PARTS)[place]
        suitable = scene.pick((self.key, place), lambda: list_suitable(scene, part))
        if not suitable:
            return []
        items = scene.suggest(suitable)
        return [HomeRow(key=self.key, kind=self.kind, layout=RowLayout.WIDE, name=part.name, items=items)]


def find_part(hour: int) -> int:
    """The place of the part of the day that an hour is in; the night goes on until five."""
    return max((place for place, part in enumerate(PARTS) if hour >= part.from_hour), default=len(PARTS) - 1)


def list_suitable(scene: Scene, part: Part) -> list[AnyTitleCard]:
    """Those with most of the part's genres first, the most popular of them in front."""
    wanted = [genre.id for genre in scene.catalogue.genres.values() if genre.slug in part.slugs]
    fits = Counter(card.id for genre_id in wanted for card in scene.list_genre(genre_id))
    fitting = [card for card in scene.titles if card.id in fits and is_short_enough(card, part.longest)]
    return sorted(fitting, key=lambda card: -fits[card.id])


def is_short_enough(card: AnyTitleCard, longest: int | None) -> bool:
    """Films up to `longest` seconds; episodes are short anyway."""
    return (
        longest is None or not isinstance(card, MovieCard) or (card.duration is not None and card.duration <= longest)
    )
