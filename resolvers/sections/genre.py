"""A row a genre: first those that the profile watches and likes most, then those with the most popular titles."""

from collections import Counter

from bff.domain.home import HomeRow, RowKind, RowLayout
from bff.domain.profile_state import Thumb
from bff.domain.titles import AnyTitleCard, Genre
from resolvers.sections.scene import Scene

LEAST = 12
FRONT = 10
"""Items at the front of a row that the rows after it show further behind, so that rows do not look alike."""

SHOWN = 20
"""Titles by which genres are compared: about as many as a viewer looks at."""

NOT_A_TASTE = frozenset({"international"})
"""Says where a title is not from, which is no reason to watch it."""

ORIGINS = frozenset({"british", "classic", "independent", "korean", "spanish-language"})
"""Say where a title is from, not what it is like: behind the others, unless the profile watches them."""


class GenreRows:
    kind = RowKind.GENRE
    key = "genre"
    name = "More to Explore"

    async def propose(self, scene: Scene) -> list[HomeRow]:
        rows = []
        seen = {card.id for card in scene.shelf.top}
        for genre in rank_genres(scene):
            suggested = scene.suggest(list_titles(scene, genre))
            items = tuple(sorted(suggested, key=lambda item: item.title_id in seen))
            seen.update(item.title_id for item in items[:FRONT])
            rows.append(
                HomeRow(
                    key=f"{self.key}:{genre.id}",
                    kind=self.kind,
                    layout=RowLayout.BOXART,
                    name=genre.name,
                    items=items,
                )
            )
        return rows


def rank_genres(scene: Scene) -> list[Genre]:
    """Those with enough to show, most telling first; a genre that all titles have says nothing."""
    liking = count_genres(scene)
    genres = [genre for genre in scene.catalogue.genres.values() if genre.slug not in NOT_A_TASTE]

    def rank(genre: Genre) -> tuple[float, bool, float, str]:
        pull = sum(card.popularity for card in list_titles(scene, genre)[:SHOWN])
        return (-liking[genre.id], genre.slug in ORIGINS, -pull, genre.id)

    return sorted((genre for genre in genres if 0 < len(list_titles(scene, genre)) < len(scene.titles)), key=rank)


def list_titles(scene: Scene, genre: Genre) -> tuple[AnyTitleCard, ...]:
    """Most popular first; none where there are too few for a row."""
    cards = scene.list_genre(genre.id)
    return cards if len(cards) >= LEAST else ()


def count_genres(scene: Scene) -> Counter[str]:
    """How often each genre stands among what the profile watched (1), liked (2) and disliked (-2)."""
    weights: Counter[str] = Counter(scene.begun_ids)
    for title_id, rating in scene.state.ratings.items():
        weights[title_id] += 2 if rating.thumb is Thumb.UP else -2
    counts: Counter[str] = Counter()
    for title_id, weight in weights.items():
        card = scene.catalogue.cards.get(title_id)
        for genre in card.genre_ids if card is not None else ():
            counts[genre] += weight
    return counts
