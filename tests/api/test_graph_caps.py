"""Every list has a cap that a larger `first` is told of, and costs the engines the same whatever its length."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from bff.domain.ids import IdKind, random_id
from bff.domain.titles import MovieCard, SeriesCard
from bff.stores.feedback import Feedback, add_feedback
from tests.demo_titles import find_card, open_cards
from tests.live import Answer, Client, Demo
from tests.profile_rows import add_invoices, fill_profile
from tests.schema_walk import walk_fields


@dataclass(frozen=True)
class ListField:
    """`query` takes `$first`, and `$id` where there is one of `kind`: movie, series, genre or person.

    An operator asks for what is of the kind operator.
    """

    cap: int
    query: str
    kind: str = ""
    path: tuple[str, ...] = field(default=())


LISTS = {
    "Query.browse": ListField(75, "query ($first: Int) { browse(first: $first) { edges { node { id name } } } }"),
    "Query.trending": ListField(75, "query ($first: Int) { trending(first: $first) { edges { node { id name } } } }"),
    "Query.search": ListField(
        75, 'query ($first: Int) { search(query: "love", first: $first) { edges { node { id name } } } }'
    ),
    "Query.suggest": ListField(100, 'query ($first: Int) { suggest(prefix: "s", first: $first) { node { id } } }'),
    "Query.myList": ListField(75, "query ($first: Int) { myList(first: $first) { edges { node { id name } } } }"),
    "Query.continueWatching": ListField(
        75,
        """query ($first: Int) { continueWatching(first: $first) { edges { node {
            title { id } playable { id } progress { position } } } } }""",
    ),
    "Home.rows": ListField(
        40, "query ($first: Int) { home { rows(first: $first) { edges { node { id items { edges { cursor } } } } } } }"
    ),
    "Row.items": ListField(
        75,
        """query ($first: Int) { home { rows(first: 3) { edges { node {
            items(first: $first) { edges { node { id title { id badges } } } } } } } } }""",
    ),
    "Profile.history": ListField(
        100,
        """query ($first: Int) { viewer { profile { history(first: $first) { edges { node {
            title { id } playable { id } device { id } watchedAt } } } } } }""",
    ),
    "Profile.ratings": ListField(
        100, "query ($first: Int) { viewer { profile { ratings(first: $first) { edges { thumb node { id } } } } } }"
    ),
    "Account.billingHistory": ListField(
        100,
        """query ($first: Int) { viewer { account { billingHistory(first: $first) {
            edges { node { id total { amount } } } } } } }""",
    ),
    "Title.credits": ListField(
        100, "query ($id: ID!, $first: Int) { title(id: $id) { credits(first: $first) { person { id } } } }", "movie"
    ),
    "Title.similar": ListField(
        75,
        "query ($id: ID!, $first: Int) { title(id: $id) { similar(first: $first) { edges { node { id } } } } }",
        "movie",
    ),
    "Season.episodes": ListField(
        100,
        """query ($id: ID!, $first: Int) { title(id: $id) { ... on Series { seasons {
            episodes(first: $first) { edges { node { id progress { position } } } } } } } }""",
        "series",
    ),
    "Genre.titles": ListField(
        75,
        """query ($id: ID!, $first: Int) { node(id: $id) { ... on Genre {
            titles(first: $first) { edges { node { id } } } } } }""",
        "genre",
    ),
    "Person.titles": ListField(
        75,
        """query ($id: ID!, $first: Int) { node(id: $id) { ... on Person {
            titles(first: $first) { edges { node { id } } } } } }""",
        "person",
    ),
    "Query.catalogueTitles": ListField(
        100,
        "query ($first: Int) { catalogueTitles(first: $first) { edges { node { id name windows { region } } } } }",
        "operator",
    ),
    "Query.feedback": ListField(
        100, "query ($first: Int) { feedback(first: $first) { edges { node { id text title { name } } } } }", "operator"
    ),
    "MyListPayload.myList": ListField(
        75,
        """mutation ($id: ID!, $first: Int) { addToMyList(titleId: $id) {
            myList(first: $first) { edges { node { id } } } } }""",
        "movie",
    ),
    "ContinueWatchingPayload.continueWatching": ListField(
        75,
        """mutation ($id: ID!, $first: Int) { removeFromContinueWatching(titleId: $id) {
            continueWatching(first: $first) { edges { node { title { id } } } } } }""",
        "movie",
    ),
}
UNSERVED = {"Query.notifications"}
"""It answers UNAVAILABLE, as tests/api/test_graph_access.py holds them to."""
OF_OPERATORS = {"Query.ingestJobs", "Upload.parts"}
"""Held to their caps where there are some: tests/media/test_uploads.py."""


@dataclass(frozen=True)
class Askers:
    viewer: Client
    operator: Client

    async def run(self, listed: ListField, variables: dict[str, Any]) -> Answer:
        return await (self.operator if listed.kind == "operator" else self.viewer).run(listed.query, variables)


@pytest.fixture(scope="module")
async def busy(demo: Demo) -> Askers:
    """A viewer with more on the list, rated, begun and watched than any page holds; and an operator, with as much."""
    viewer = await demo.make_viewer()
    films = [card.id for card in open_cards(demo) if isinstance(card, MovieCard)][100:220]
    await add_invoices(demo.services.pool, str(viewer.account_id), 120, demo.services.now())
    await fill_profile(demo.services.pool, str(viewer.profile_id), films, demo.services.now())
    card = open_cards(demo)[0]
    written = [Feedback(random_id(IdKind.FEEDBACK), card.id, "Nice.", demo.services.now()) for _ in range(120)]
    for one in written:
        await add_feedback(demo.services.pool, one)
    return Askers(viewer, await demo.sign_in("operator@example.com"))


def variables_of(demo: Demo, listed: ListField, first: int | None) -> dict[str, Any]:
    film = find_card(demo, MovieCard, lambda card: bool(card.genre_ids) and len(card.credits) > 5)
    series = find_card(demo, SeriesCard, lambda card: any(len(season.episodes) > 10 for season in card.seasons))
    ids = {
        "movie": film.id,
        "series": series.id,
        "genre": film.genre_ids[0],
        "person": film.credits[0].person_id,
    }
    return {"first": first} | ({"id": ids[listed.kind]} if listed.kind in ids else {})


def test_every_list_that_takes_first_has_a_case() -> None:
    takes_first = {place.coordinate for place in walk_fields() if "first" in place.field.args}
    assert takes_first == LISTS.keys() | UNSERVED | OF_OPERATORS


@pytest.mark.parametrize("name", LISTS)
async def test_refuses_more_than_its_cap_and_names_it(demo: Demo, busy: Askers, name: str) -> None:
    listed = LISTS[name]
    for first in (listed.cap + 1, 2**31 - 1):
        answer = await busy.run(listed, variables_of(demo, listed, first))
        assert set(answer.codes) == {"BAD_USER_INPUT"}
        assert f"at most {listed.cap} " in answer.body["errors"][0]["message"]
        assert answer.body["errors"][0]["extensions"]["limit"] == listed.cap


@pytest.mark.parametrize("name", LISTS)
async def test_refuses_less_than_none(demo: Demo, busy: Askers, name: str) -> None:
    answer = await busy.run(LISTS[name], variables_of(demo, LISTS[name], -1))
    assert set(answer.codes) == {"BAD_USER_INPUT"}
    assert "must not be negative" in answer.body["errors"][0]["message"]


@pytest.mark.parametrize("name", LISTS)
async def test_gives_a_page_of_any_length_up_to_the_cap(demo: Demo, busy: Askers, name: str) -> None:
    listed = LISTS[name]
    for first in (None, 0, 1, listed.cap):
        assert (await busy.run(listed, variables_of(demo, listed, first))).data


@pytest.mark.parametrize("name", LISTS)
async def test_costs_the_engines_the_same_whatever_its_length(demo: Demo, busy: Askers, name: str) -> None:
    listed = LISTS[name]
    await busy.run(listed, variables_of(demo, listed, listed.cap))
    costs, lengths = [], []
    for first in (1, 10, listed.cap):
        variables = variables_of(demo, listed, first)
        statements, trips = len(demo.statements), demo.services.cache.round_trips
        answer = await busy.run(listed, variables)
        assert answer.data
        sent = demo.statements[statements:]
        costs.append((len(sent), demo.services.cache.round_trips - trips))
        lengths.append(len(answer.response.content))
    assert len(set(costs)) == 1, costs
    assert lengths[0] < lengths[1] <= lengths[2]
    if "mutation" not in listed.query:
        assert costs[0][1] <= 1
        reads_more = listed.kind == "operator" or name.startswith(("Profile.", "Account."))
        assert costs[0][0] <= (2 if reads_more else 0)
