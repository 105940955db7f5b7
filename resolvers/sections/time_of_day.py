"""What suits the hour where the viewer is; without a time zone there is no hour and no row."""

from bff.domain.home import HomeRow, RowKind, RowLayout
from bff.domain.titles import AnyTitleCard, MovieCard
from resolvers.sections.scene import Scene, list_items

_PARTS = (
    # from hour, name, genres by slug, longest film in seconds
    (5, "Easy Mornings", ("documentary", "family-kids", "cooking-food", "lifestyle", "comedy"), 100 * 60),
    (11, "Afternoon Picks", ("comedy", "family-kids", "adventure", "action-adventure", "romance"), None),
    (17, "Tonight’s Films", ("drama", "action-adventure", "thriller", "comedy", "sci-fi"), None),
    (22, "Late Night", ("horror", "thriller", "crime", "mystery", "stand-up"), None),
)


class TimeOfDay:
    kind = RowKind.TIME_OF_DAY
    name = "Right for Now"

    async def propose(self, scene: Scene) -> list[HomeRow]:
        if scene.local_time is None:
            return []
        part = find_part(scene.local_time.hour)
        _, name, slugs, longest = _PARTS[part]
        wanted = {genre.id for genre in scene.catalogue.genres.values() if genre.slug in slugs}
        chosen = [
            card
            for card in scene.shelf.titles
            if wanted.intersection(card.genre_ids) and is_short_enough(card, longest)
        ]
        if not chosen:
            return []
        return [HomeRow(key=f"hour:{part}", kind=self.kind, layout=RowLayout.WIDE, name=name, items=list_items(chosen))]


def find_part(hour: int) -> int:
    """The part of the day of an hour; the night goes on until five."""
    return max((place for place, part in enumerate(_PARTS) if hour >= part[0]), default=len(_PARTS) - 1)


def is_short_enough(card: AnyTitleCard, longest: int | None) -> bool:
    """Films up to `longest` seconds; episodes are short anyway."""
    return (
        longest is None or not isinstance(card, MovieCard) or (card.duration is not None and card.duration <= longest)
    )
