"""What came into the region within the last 30 days: this week's first, of each week what plays and then the
most popular in front.
"""

from bff.domain.badges import is_new
from bff.domain.home import HomeRow, RowKind, RowLayout
from bff.domain.titles import AnyTitleCard, plays
from resolvers.sections.scene import Scene


class NewReleases:
    kind = RowKind.NEW_RELEASES
    key = "new"
    name = "New on Marquee"

    async def propose(self, scene: Scene) -> list[HomeRow]:
        new = scene.pick(self.key, lambda: list_new(scene))
        if not new:
            return []
        return [HomeRow(key=self.key, kind=self.kind, layout=RowLayout.WIDE, name=self.name, items=scene.suggest(new))]


def list_new(scene: Scene) -> list[AnyTitleCard]:
    def rank(card: AnyTitleCard) -> tuple[int, bool]:
        weeks_old = (scene.now - card.windows[scene.region].opens).days // 7
        return weeks_old, not plays(card)

    return sorted((card for card in scene.titles if is_new(card, scene.region, scene.now)), key=rank)
