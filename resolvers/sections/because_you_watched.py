"""Titles like those the profile watched to the end or liked most recently, a row each."""

from bff.domain.home import HomeRow, RowKind, RowLayout
from bff.domain.profile_state import ProfileState, Thumb
from resolvers.sections.scene import Scene, list_items

ROWS = 3
FRONT = 20
"""Items at the front of a row that the rows after it do not repeat."""


class BecauseYouWatched:
    kind = RowKind.BECAUSE_YOU_WATCHED
    key = "because"
    name = "Because You Watched"

    async def propose(self, scene: Scene) -> list[HomeRow]:
        """Three rows, and beside them those that the profile has hidden."""
        taken = scene.begun_ids | scene.state.ratings.keys()
        hidden = frozenset(scene.state.arrangement.hidden)
        rows: list[HomeRow] = []
        for seed_id in list_seeds(scene.state):
            seed = scene.catalogue.cards.get(seed_id)
            if seed is None or seed.id not in scene.shelf.ids:
                continue
            alike = list_items(
                card for card in scene.catalogue.similar_to(seed) if card.id in scene.shelf.ids and card.id not in taken
            )
            if not alike:
                continue
            taken |= {item.title_id for item in alike[:FRONT]}
            verb = "Watched" if seed.id in scene.begun_ids else "Liked"
            rows.append(
                HomeRow(
                    key=f"{self.key}:{seed.id}",
                    kind=self.kind,
                    layout=RowLayout.BOXART,
                    name=f"Because You {verb} {seed.name}",
                    because_id=seed.id,
                    items=alike,
                )
            )
            if sum(row.key not in hidden for row in rows) == ROWS:
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
