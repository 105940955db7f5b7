"""The index follows the catalogue, and readers of an older one are left in peace."""

import msgspec

from bff.domain.search import SearchAnswer
from bff.stores.search import TitleIndex
from tests.search_catalogue import make_card, make_genres

GENRES = make_genres("Crime")
OLD = make_card("Old Name", people=("Ann Lee",), genres=("Crime",), popularity=2)
OTHER = make_card("Other Name", synopsis="Quiet", popularity=1)
VISIBLE = frozenset({OLD.id, OTHER.id})


def ids(answer: SearchAnswer) -> list[str]:
    return [hit.title_id for hit in answer.hits]


async def test_renamed_added_and_removed_titles() -> None:
    first = TitleIndex.build([OLD, OTHER], GENRES)
    renamed = msgspec.structs.replace(OLD, name="Fresh Start")
    added = make_card("Late Arrival", people=("Ann Lee", "Bo Ek"))
    visible = VISIBLE | {added.id}
    second = first.update([renamed, added], removed=[OTHER.id])

    assert ids(await second.search("fresh", visible=visible)) == [OLD.id]
    assert ids(await second.search("old", visible=visible)) == []
    assert ids(await second.search("other", visible=visible)) == []
    assert ids(await second.search("quiet", visible=visible)) == []
    assert set(ids(await second.search("ann lee", visible=visible))) == {OLD.id, added.id}
    assert ids(await second.search("bo ek", visible=visible)) == [added.id]
    assert ids(await first.search("old", visible=visible)) == [OLD.id]
    assert ids(await first.search("other", visible=visible)) == [OTHER.id]


async def test_a_removed_title_can_come_back() -> None:
    index = TitleIndex.build([OLD, OTHER], GENRES).update([], removed=[OTHER.id]).update([OTHER], removed=[])
    assert ids(await index.search("quiet", visible=VISIBLE)) == [OTHER.id]
    assert ids(await index.search("name", visible=VISIBLE)) == [OLD.id, OTHER.id]


async def test_popularity_and_credits_change_without_new_words() -> None:
    index = TitleIndex.build([OLD, OTHER], GENRES)
    changed = [msgspec.structs.replace(OTHER, popularity=9.0), msgspec.structs.replace(OLD, credits=(), genre_ids=())]
    index = index.update(changed, removed=["tit_unknown"])
    assert ids(await index.search("name", visible=VISIBLE)) == [OTHER.id, OLD.id]
    answer = await index.search("ann lee", visible=VISIBLE)
    assert (answer.hits, answer.person_ids) == ((), ())
    assert await index.suggest("crime", visible=VISIBLE) == ()


async def test_many_updates_equal_one_build() -> None:
    cards = [make_card(f"Part {number}", people=(f"Person {number % 3}",), popularity=number) for number in range(30)]
    visible = frozenset(card.id for card in cards)
    index = TitleIndex.build([], GENRES)
    for card in cards:
        index = index.update([card], removed=[])
    built = TitleIndex.build(cards, GENRES)
    for text in ("part", "part 7", "person 2", "prat", "persn 1"):
        assert await index.search(text, visible=visible) == await built.search(text, visible=visible)
        assert await index.suggest(text, visible=visible) == await built.suggest(text, visible=visible)
