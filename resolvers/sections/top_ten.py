"""The ten most popular titles of the region today, with their ranks."""

from bff.domain.home import HomeItem, HomeRow, RowKind, RowLayout
from resolvers.sections.scene import Scene

LENGTH = 10


class TopTen:
    kind = RowKind.TOP_TEN
    name = "Top 10 Today"

    async def propose(self, scene: Scene) -> list[HomeRow]:
        top = scene.shelf.titles[:LENGTH]
        if len(top) < LENGTH:
            return []
        items = tuple(HomeItem(title_id=card.id, rank=rank) for rank, card in enumerate(top, start=1))
        return [HomeRow(key="top-ten", kind=self.kind, layout=RowLayout.RANKED, name=self.name, items=items)]
