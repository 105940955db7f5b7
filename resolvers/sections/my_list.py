"""My List, in its own order."""

from bff.domain.home import HomeItem, HomeRow, RowKind, RowLayout
from resolvers.sections.scene import ROW_LENGTH, Scene


class MyList:
    kind = RowKind.MY_LIST
    key = "my-list"
    name = "My List"

    async def propose(self, scene: Scene) -> list[HomeRow]:
        listed = [HomeItem(entry.title_id) for entry in scene.state.my_list if entry.title_id in scene.shelf.ids]
        if not listed:
            return []
        items = tuple(listed[:ROW_LENGTH])
        return [HomeRow(key=self.key, kind=self.kind, layout=RowLayout.BOXART, name=self.name, items=items)]
