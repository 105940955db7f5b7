"""A row each for the genres that the profile watches and likes most; those with most to show fill up."""

from collections import Counter

from bff.domain.home import HomeRow, RowKind, RowLayout
from bff.domain.profile_state import Thumb
from resolvers.sections.scene import Scene, list_items

ROWS = 14
LEAST = 12


class GenreRows:
    kind = RowKind.GENRE
    name = "More to Explore"

    async def propose(self, scene: Scene) -> list[HomeRow]:
        liking = count_genres(scene)
        genres = [
            scene.catalogue.genres[identifier]
            for identifier, cards in scene.shelf.by_genre.items()
            if len(cards) >= LEAST and identifier in scene.catalogue.genres
        ]
        genres.sort(key=lambda genre: (-liking[genre.id], -len(scene.shelf.by_genre[genre.id]), genre.id))
        return [
            HomeRow(
                key=f"genre:{genre.id}",
                kind=self.kind,
                layout=RowLayout.BOXART,
                name=genre.name,
                items=list_items(scene.shelf.by_genre[genre.id]),
            )
            for genre in genres[:ROWS]
        ]


def count_genres(scene: Scene) -> Counter[str]:
    """How often each genre stands among what the profile watched (1), liked (2) and disliked (-2)."""
    weights: Counter[str] = Counter({entry.title_id: 1 for entry in scene.state.progress.values()})
    for title_id, rating in scene.state.ratings.items():
        weights[title_id] += 2 if rating.thumb is Thumb.UP else -2
    counts: Counter[str] = Counter()
    for title_id, weight in weights.items():
        card = scene.catalogue.cards.get(title_id)
        for genre in card.genre_ids if card is not None else ():
            counts[genre] += weight
    return counts
