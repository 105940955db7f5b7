"""How alike two titles are by what the catalogue says of them; nothing here knows who watches."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from bff.domain.titles import AnyTitleCard


def weigh_genres(cards: Iterable[AnyTitleCard], total: int) -> dict[str, float]:
    """Inverse document frequency: sharing a rare genre says more than sharing a common one."""
    counts = Counter(genre for card in cards for genre in card.genre_ids)
    return {genre: math.log(1 + total / count) for genre, count in counts.items()}


def rank_similar(
    card: AnyTitleCard,
    *,
    candidates: Iterable[AnyTitleCard],
    genre_weights: Mapping[str, float],
    limit: int,
) -> Sequence[AnyTitleCard]:
    """The candidates most like `card`, best first.

    Cosine of genres, plus a share for people in common (at most three count), kind, nearness of year and popularity.
    """
    own_genres = set(card.genre_ids)
    own_people = {credit.person_id for credit in card.credits}
    own_norm = math.sqrt(sum(genre_weights.get(genre, 0) ** 2 for genre in own_genres)) or 1.0
    scored = []
    for other in candidates:
        if other.id == card.id:
            continue
        shared = sum(genre_weights.get(genre, 0) ** 2 for genre in other.genre_ids if genre in own_genres)
        norm = math.sqrt(sum(genre_weights.get(genre, 0) ** 2 for genre in other.genre_ids)) or 1.0
        people = sum(1 for credit in other.credits if credit.person_id in own_people) if own_people else 0
        score = (
            shared / (own_norm * norm)
            + 0.25 * min(people, 3)
            + (0.15 if type(other) is type(card) else 0)
            + 0.15 * math.exp(-abs(card.release_year - other.release_year) / 8)
            + 0.1 * min(1.0, other.popularity)
        )
        scored.append((score, other.id, other))
    scored.sort(key=lambda entry: (-entry[0], entry[1]))
    return [other for _, _, other in scored[:limit]]
