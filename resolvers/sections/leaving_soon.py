"""What leaves the region within 14 days, soonest first."""

from bff.domain.badges import is_leaving
from bff.domain.home import HomeRow, RowKind, RowLayout
from resolvers.sections.scene import Scene, list_items


class LeavingSoon:
    kind = RowKind.LEAVING_SOON
    name = "Last Chance to Watch"

    async def propose(self, scene: Scene) -> list[HomeRow]:
        region = scene.region
        leaving = [card for card in scene.shelf.titles if is_leaving(card, region, scene.now)]
        leaving.sort(key=lambda card: str(card.windows[region].closes))
        if not leaving:
            return []
        return [
            HomeRow(key="leaving", kind=self.kind, layout=RowLayout.BOXART, name=self.name, items=list_items(leaving))
        ]
