"""What the profile began and may go on with, latest first."""

from bff.domain.home import HomeItem, HomeRow, RowKind, RowLayout
from bff.domain.next_up import choose_resumable, list_unfinished
from resolvers.sections.scene import ROW_LENGTH, Scene


class ContinueWatching:
    kind = RowKind.CONTINUE_WATCHING
    key = "continue"
    name = "Continue Watching"

    async def propose(self, scene: Scene) -> list[HomeRow]:
        items: list[HomeItem] = []
        for entry in list_unfinished(scene.state):
            card = scene.catalogue.cards.get(entry.title_id)
            if card is None or card.id not in scene.shelf.ids:
                continue
            playable = choose_resumable(card, scene.state)
            if playable is not None:
                items.append(HomeItem(title_id=card.id, playable_id=playable.id))
            if len(items) == ROW_LENGTH:
                break
        if not items:
            return []
        return [HomeRow(key=self.key, kind=self.kind, layout=RowLayout.WIDE, name=self.name, items=tuple(items))]
