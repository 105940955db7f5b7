"""What leaves the region within 14 days: this week's first, the most popular of each week in front."""

from bff.domain.badges import is_leaving
from bff.domain.home import HomeRow, RowKind, RowLayout
from bff.domain.titles import AnyTitleCard
from resolvers.sections.scene import Scene


class LeavingSoon:
    kind = RowKind.LEAVING_SOON
    key = "leaving"
    name = "Last Chance to Watch"

    async def propose(self, scene: Scene) -> list[HomeRow]:
        leaving = scene.pick(self.key, lambda: list_leaving(scene))
        if not leaving:
            return []
        return [
            HomeRow(key=self.key, kind=self.kind, layout=RowLayout.BOXART, name=self.name, items=scene.suggest(leaving))
        ]


def list_leaving(scene: Scene) -> list[AnyTitleCard]:
    def weeks_left(card: AnyTitleCard) -> int:
        closes = card.windows[scene.region].closes
        return (closes - scene.now).days // 7 if closes is not None else 0

    return sorted((card for card in scene.titles if is_leaving(card, scene.region, scene.now)), key=weeks_left)
