"""Films that the profile saw to the end and did not turn its thumb down on, longest ago first."""

from bff.domain.home import HomeItem, HomeRow, RowKind, RowLayout
from bff.domain.profile_state import Thumb
from resolvers.sections.scene import ROW_LENGTH, Scene

LEAST = 4


class WatchAgain:
    kind = RowKind.WATCH_AGAIN
    key = "again"
    name = "Watch It Again"

    async def propose(self, scene: Scene) -> list[HomeRow]:
        ratings = scene.state.ratings
        finished = [
            entry
            for entry in scene.state.progress.values()
            if entry.is_finished_film
            and entry.title_id in scene.shelf.ids
            and not (entry.title_id in ratings and ratings[entry.title_id].thumb is Thumb.DOWN)
        ]
        if len(finished) < LEAST:
            return []
        finished.sort(key=lambda entry: (entry.updated_at, entry.title_id))
        items = tuple(HomeItem(title_id=entry.title_id) for entry in finished[:ROW_LENGTH])
        return [HomeRow(key=self.key, kind=self.kind, layout=RowLayout.BOXART, name=self.name, items=items)]
