"""What people who rate films hold highest: the average, drawn towards the mean where few have rated."""

from bff.domain.home import HomeRow, RowKind, RowLayout
from bff.domain.titles import AnyTitleCard
from resolvers.sections.scene import Scene, list_items

PRIOR_RATINGS = 25
PRIOR_MEAN = 7.0
LEAST_RATINGS = 5


class Community:
    kind = RowKind.COMMUNITY
    name = "Loved by the Community"

    async def propose(self, scene: Scene) -> list[HomeRow]:
        rated = [card for card in scene.shelf.titles if card.rating_count >= LEAST_RATINGS]
        rated.sort(key=lambda card: (-weigh_rating(card), card.id))
        if not rated:
            return []
        return [
            HomeRow(key="community", kind=self.kind, layout=RowLayout.BOXART, name=self.name, items=list_items(rated))
        ]


def weigh_rating(card: AnyTitleCard) -> float:
    """The Bayesian average: as if 25 people had given 7 before anybody else came."""
    total = (card.average_rating or 0) * card.rating_count
    return (PRIOR_MEAN * PRIOR_RATINGS + total) / (PRIOR_RATINGS + card.rating_count)
