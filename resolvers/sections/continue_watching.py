"""What the profile began and may go on with, latest first."""

from bff.domain.home import HomeItem, HomeRow, RowKind, RowLayout
from bff.domain.next_up import choose_resumable, list_unfinished
from resolvers.sections.scene import ROW_LENGTH, Scene


class ContinueWatching:
    kind = RowKind.CONTINUE_WATCHING
    name = "Continue Watching"

    async def propose(self, scene: Scene) -> list[HomeRow]:
        items = []
        for entry in list_unfinished(scene.state.progress):
            card = scene.catalogue.cards.get(entry.title_id)
            if card is None or card.id not in scene.shelf.ids:
                continue
            playable = choose_resumable(card, scene.state.progress)
            if playable is not None:
                items.append(HomeItem(title_id=card.id, playable_id=playable.id))
        if not items:
            return []
        return [
            HomeRow(
                key="continue", kind=self.kind, layout=RowLayout.WIDE, name=self.name, items=tuple(items[:ROW_LENGTH])
            )
        ]
