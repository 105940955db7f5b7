"""What people who rate films hold highest: the average, drawn towards the mean where few have rated."""

from bff.domain.home import HomeRow, RowKind, RowLayout
from bff.domain.titles import AnyTitleCard
from resolvers.sections.scene import Scene

PRIOR_RATINGS = 25
PRIOR_MEAN = 7.0
LEAST_RATINGS = 5


class Community:
    kind = RowKind.COMMUNITY
    key = "community"
    name = "Loved by the Community"

    async def propose(self, scene: Scene) -> list[HomeRow]:
        loved = scene.pick(self.key, lambda: rank_by_rating(scene.titles))
        if not loved:
            return []
        return [
            HomeRow(key=self.key, kind=self.kind, layout=RowLayout.BOXART, name=self.name, items=scene.suggest(loved))
        ]


def rank_by_rating(cards: tuple[AnyTitleCard, ...]) -> list[AnyTitleCard]:
    """Those that enough people rated, and not below the mean, best first."""
    rated = [card for card in cards if card.rating_count >= LEAST_RATINGS and weigh_rating(card) >= PRIOR_MEAN]
    return sorted(rated, key=lambda card: (-weigh_rating(card), card.id))


def weigh_rating(card: AnyTitleCard) -> float:
    """The Bayesian average: as if 25 people had given 7 before anybody else came."""
    total = (card.average_rating or 0) * card.rating_count
    return (PRIOR_MEAN * PRIOR_RATINGS + total) / (PRIOR_RATINGS + card.rating_count)
