"""What is watched most right now, behind the ten that have a row of their own."""

from bff.domain.home import HomeRow, RowKind, RowLayout
from bff.stores.snapshot import TOP
from resolvers.sections.scene import Scene


class Trending:
    kind = RowKind.TRENDING
    key = "trending"
    name = "Trending Now"

    async def propose(self, scene: Scene) -> list[HomeRow]:
        items = scene.suggest(scene.titles[TOP:])
        return [HomeRow(key=self.key, kind=self.kind, layout=RowLayout.BOXART, name=self.name, items=items)]
