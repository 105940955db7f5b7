"""The ten most popular titles of the region today, with their ranks."""

from bff.domain.home import HomeItem, HomeRow, RowKind, RowLayout
from bff.stores.snapshot import TOP
from resolvers.sections.scene import Scene


class TopTen:
    kind = RowKind.TOP_TEN
    key = "top-ten"
    name = "Top 10 Today"

    async def propose(self, scene: Scene) -> list[HomeRow]:
        top = scene.shelf.top
        if len(top) < TOP:
            return []
        items = tuple(HomeItem(title_id=card.id, rank=rank) for rank, card in enumerate(top, start=1))
        return [HomeRow(key=self.key, kind=self.kind, layout=RowLayout.RANKED, name=self.name, items=items)]
