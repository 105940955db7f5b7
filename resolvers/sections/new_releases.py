"""What came into the region within the last 30 days, newest first."""

from bff.domain.badges import is_new
from bff.domain.home import HomeRow, RowKind, RowLayout
from resolvers.sections.scene import Scene, list_items


class NewReleases:
    kind = RowKind.NEW_RELEASES
    name = "New on Marquee"

    async def propose(self, scene: Scene) -> list[HomeRow]:
        region = scene.region
        new = [card for card in scene.shelf.titles if is_new(card, region, scene.now)]
        new.sort(key=lambda card: card.windows[region].opens.date(), reverse=True)
        if not new:
            return []
        return [HomeRow(key="new", kind=self.kind, layout=RowLayout.WIDE, name=self.name, items=list_items(new))]
