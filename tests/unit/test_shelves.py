"""What an audience sees everywhere, and until when; what is put forward to kids."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from bff.domain.titles import AnyTitleCard, Genre, LicenceWindow, MaturityRating
from bff.domain.visibility import Audience, Visibility, judge
from bff.stores.snapshot import KIDS_GENRE, LEAST_FOR_KIDS, TOP, Catalogue
from tests.cards import NOON, make_film

DAY = timedelta(days=1)
GENRES = (Genre(id="gen_kids", slug=KIDS_GENRE, name="Children & Family"), Genre(id="gen_war", slug="war", name="War"))
ADULTS = Audience(region="US", ceiling=MaturityRating.AGE_18)
KIDS = Audience(region="US", ceiling=MaturityRating.ALL, is_kids=True)

windows = st.builds(
    lambda opens, length: LicenceWindow(NOON + opens * DAY, NOON + (opens + length) * DAY if length else None),
    st.integers(-20, 20),
    st.none() | st.integers(1, 20),
)
films = st.lists(
    st.dictionaries(st.sampled_from(("US", "GB")), windows).map(lambda held: make_film("film", windows=held)),
    max_size=8,
).map(lambda cards: [make_film(f"film {place}", windows=card.windows) for place, card in enumerate(cards)])


def build(cards: list[AnyTitleCard]) -> Catalogue:
    return Catalogue.build(1, cards, GENRES)


@given(films, st.lists(st.integers(-50, 50).map(lambda days: NOON + days * DAY / 2), min_size=1, max_size=12))
def test_a_shelf_holds_what_is_open_at_any_time(cards: list[AnyTitleCard], instants: list[object]) -> None:
    catalogue = build(cards)
    for now in instants:
        shelf = catalogue.shelve(ADULTS, now)  # type: ignore[arg-type]
        expected = {card.id for card in cards if judge(card, ADULTS, now) is Visibility.OPEN}  # type: ignore[arg-type]
        assert {card.id for card in shelf.titles} == shelf.ids == expected


def test_a_shelf_is_judged_once_until_a_window_opens_or_closes() -> None:
    closing = make_film("closing", windows={"US": LicenceWindow(NOON - DAY, NOON + DAY)})
    catalogue = build([closing, make_film("opening", windows={"US": LicenceWindow(NOON + 2 * DAY)})])
    shelf = catalogue.shelve(ADULTS, NOON)
    assert shelf.until == NOON + DAY
    assert catalogue.shelve(ADULTS, NOON + DAY / 2) is shelf
    assert catalogue.shelve(ADULTS, NOON + DAY).until == NOON + 2 * DAY
    assert catalogue.shelve(ADULTS, NOON + 2 * DAY).until is None


def test_most_popular_first_and_the_first_ten_on_top() -> None:
    cards = [make_film(f"film {number:02}", popularity=number % 7) for number in range(20)]
    shelf = build(list(reversed(cards))).shelve(ADULTS, NOON)
    assert list(shelf.titles) == sorted(cards, key=lambda card: (-card.popularity, card.id))
    assert shelf.top == shelf.titles[:TOP]


def make_shelves(for_kids: int) -> Catalogue:
    made_for_kids = [make_film(f"kids {number}", genres=["gen_kids"]) for number in range(for_kids)]
    return build(
        [*made_for_kids, *(make_film(f"war {number}", genres=["gen_war"], popularity=1) for number in range(9))]
    )


def test_kids_are_shown_what_is_made_for_them_and_may_see_the_rest() -> None:
    catalogue = make_shelves(LEAST_FOR_KIDS)
    shelf = catalogue.shelve(KIDS, NOON)
    assert len(shelf.titles) == LEAST_FOR_KIDS + 9
    assert all(card.genre_ids == ("gen_kids",) for card in shelf.featured)
    assert shelf.top == shelf.featured[:TOP]
    assert catalogue.shelve(ADULTS, NOON).featured == shelf.titles


def test_kids_are_shown_everything_where_too_little_is_made_for_them() -> None:
    shelf = make_shelves(LEAST_FOR_KIDS - 1).shelve(KIDS, NOON)
    assert shelf.featured == shelf.titles


def test_what_is_picked_is_picked_once_for_everybody() -> None:
    shelf = make_shelves(1).shelve(ADULTS, NOON)
    picked = shelf.keep("some", lambda: shelf.titles[:3])
    assert shelf.keep("some", lambda: shelf.titles[3:]) is picked == shelf.titles[:3]
    assert shelf.keep("others", lambda: shelf.titles[3:]) == shelf.titles[3:]
