"""Titles like those the profile watched to the end or liked most recently, a row each."""

from bff.domain.home import HomeRow, RowKind, RowLayout
from bff.domain.profile_state import ProfileState, Thumb
from resolvers.sections.scene import Scene, list_items

ROWS = 3


class BecauseYouWatched:
    kind = RowKind.BECAUSE_YOU_WATCHED
    name = "Because You Watched"

    async def propose(self, scene: Scene) -> list[HomeRow]:
        known = {entry.title_id for entry in scene.state.progress.values()} | set(scene.state.ratings)
        rows = []
        for seed_id in list_seeds(scene.state):
            seed = scene.catalogue.cards.get(seed_id)
            if seed is None or seed.id not in scene.shelf.ids:
                continue
            alike = [
                card for card in scene.catalogue.similar_to(seed) if card.id in scene.shelf.ids and card.id not in known
            ]
            if alike:
                rows.append(
                    HomeRow(
                        key=f"because:{seed.id}",
                        kind=self.kind,
                        layout=RowLayout.BOXART,
                        name=f"Because You Watched {seed.name}",
                        because_id=seed.id,
                        items=list_items(alike),
                    )
                )
            if len(rows) == ROWS:
                break
        return rows


def list_seeds(state: ProfileState) -> list[str]:
    """Ids of titles that were finished or liked, latest first; what got a thumb down says nothing here."""
    latest = {title_id: rating.rated_at for title_id, rating in state.ratings.items() if rating.thumb is Thumb.UP}
    for entry in state.progress.values():
        rating = state.ratings.get(entry.title_id)
        if entry.completed and (rating is None or rating.thumb is Thumb.UP):
            latest[entry.title_id] = max(latest.get(entry.title_id, entry.updated_at), entry.updated_at)
    return sorted(latest, key=lambda title_id: (latest[title_id], title_id), reverse=True)
