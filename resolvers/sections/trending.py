"""What is watched most right now."""

from bff.domain.home import HomeRow, RowKind, RowLayout
from resolvers.sections.scene import Scene, list_items


class Trending:
    kind = RowKind.TRENDING
    name = "Trending Now"

    async def propose(self, scene: Scene) -> list[HomeRow]:
        items = list_items(scene.shelf.titles)
        return [HomeRow(key="trending", kind=self.kind, layout=RowLayout.BOXART, name=self.name, items=items)]
