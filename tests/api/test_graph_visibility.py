"""Every field that yields a title, against every reason why a viewer may not see one.

Absent (over the ceiling, never licensed in the region, withdrawn) is as if it did not exist. Closed (its window has
ended, or is not yet open) is reachable by id and in what the profile itself kept, and stands in no row, list or search.
The control is an open title, which every probe must find.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec
import pytest

from bff.domain.titles import AnyTitleCard, MovieCard, SeriesCard
from bff.domain.visibility import Visibility
from bff.stores import keys
from tests.live import Demo
from tests.playback_rows import add_session
from tests.schema_walk import list_title_arguments, list_title_coordinates
from tests.visibility import Reason, Stage, Target, pick_target, pin_home, set_stage
from tests.visibility_probes import (
    COVERED_BY_MUTATIONS,
    FOLLOWED,
    MUTATIONS,
    OPERATORS_ARGUMENTS,
    PINNED,
    PROBES,
    SESSIONS,
    UNSERVED,
    UNSERVED_ARGUMENTS,
    own_ids,
)
from tests.ws.sockets import open_socket, until

KINDS = (MovieCard, SeriesCard)
ABSENT = [reason for reason in Reason if reason.expected is Visibility.ABSENT and reason is not Reason.VISITOR]
Setter = Callable[[Reason, type[AnyTitleCard]], Awaitable[Stage]]


@pytest.fixture(scope="module")
async def withdrawn(demo: Demo) -> AsyncIterator[list[str]]:
    """A film and a series that an operator has withdrawn, in the snapshot that the process holds."""
    follower = demo.services.follower
    cards = [pick_target(demo, Reason.WITHDRAWN, kind).card for kind in KINDS]
    hidden = [msgspec.structs.replace(card, is_hidden=True) for card in cards]
    held = follower.catalogue
    follower.catalogue = held.apply(held.version, hidden, (), held.genres.values())
    yield [card.id for card in cards]
    held = follower.catalogue
    follower.catalogue = held.apply(held.version, cards, (), held.genres.values())


@pytest.fixture(scope="module")
async def targets(demo: Demo, withdrawn: list[str]) -> dict[tuple[Reason, type[AnyTitleCard]], Target]:
    return {(reason, kind): pick_target(demo, reason, kind, withdrawn) for reason in Reason for kind in KINDS}


@pytest.fixture
def stage(demo: Demo, targets: dict[tuple[Reason, type[AnyTitleCard]], Target]) -> Setter:
    async def prepare(reason: Reason, kind: type[AnyTitleCard]) -> Stage:
        return await set_stage(demo, reason, targets[reason, kind])

    return prepare


def test_every_field_that_yields_a_title_has_a_case() -> None:
    covered = {coordinate for probe in PROBES.values() for coordinate in probe.covers}
    covered |= {coordinate for coordinate, _ in PINNED.values()} | COVERED_BY_MUTATIONS | {"PlaybackSession.playable"}
    assert list_title_coordinates() == covered | UNSERVED


def test_every_argument_that_names_a_title_has_a_case() -> None:
    assert list_title_arguments() == MUTATIONS.keys() | UNSERVED_ARGUMENTS | OPERATORS_ARGUMENTS


def shows(stage: Stage, *, closed: bool) -> bool:
    """Whether the rule lets the target show; `closed`: where a closed one may."""
    return stage.reason.expected is Visibility.OPEN or (closed and stage.reason.expected is Visibility.CLOSED)


@pytest.mark.parametrize("name", PROBES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("reason", Reason)
async def test_shows_a_title_only_where_it_may(
    stage: Setter, reason: Reason, kind: type[AnyTitleCard], name: str
) -> None:
    probe = PROBES[name]
    if reason is Reason.VISITOR and not probe.for_visitors:
        return
    staged = await stage(reason, kind)
    answer = await staged.client.run(probe.query, probe.variables(staged.target))
    assert answer.data
    assert staged.target.shows_in(answer.response.text) == shows(staged, closed=probe.closed)


@pytest.mark.parametrize("name", PINNED)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("reason", [reason for reason in Reason if reason is not Reason.VISITOR])
async def test_a_pinned_home_shows_no_title_that_was_hidden_since(
    demo: Demo, stage: Setter, reason: Reason, kind: type[AnyTitleCard], name: str
) -> None:
    staged = await stage(reason, kind)
    row_ids = await pin_home(demo, staged)
    _, query = PINNED[name]
    answer = await staged.client.run(query, {"ids": row_ids} if "$ids" in query else {})
    assert answer.data
    assert staged.target.shows_in(answer.response.text) == shows(staged, closed=False)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("reason", [reason for reason in Reason if reason is not Reason.VISITOR])
async def test_an_event_shows_no_title_that_was_hidden_since(
    demo: Demo, stage: Setter, reason: Reason, kind: type[AnyTitleCard]
) -> None:
    staged = await stage(reason, kind)
    await pin_home(demo, staged)
    signals, followers = demo.services.signals, demo.services.signals.followers
    async with open_socket(demo.url) as socket:
        await socket.greet(authorization=staged.client.headers["Authorization"])
        await socket.subscribe("a", FOLLOWED)
        await until(lambda: signals.followers > followers)
        await signals.send(keys.home_changes(str(staged.client.profile_id)), b"[]")
        event = await socket.hear()
    assert event["payload"]["data"]["homeChanged"]["home"], event
    assert staged.target.shows_in(json.dumps(event, ensure_ascii=False)) == shows(staged, closed=False)


@pytest.mark.parametrize("name", SESSIONS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("reason", [reason for reason in Reason if reason is not Reason.VISITOR])
async def test_a_session_shows_no_title_that_was_hidden_since(
    demo: Demo, stage: Setter, reason: Reason, kind: type[AnyTitleCard], name: str
) -> None:
    staged = await stage(reason, kind)
    session_id = await add_session(demo, staged.client, staged.target.playable_id, staged.target.card.id)
    answer = await staged.client.run(SESSIONS[name], {"id": session_id})
    assert answer.data
    assert staged.target.shows_in(answer.response.text) == shows(staged, closed=True)
    if not shows(staged, closed=True):
        assert "/media/" not in answer.response.text


@pytest.mark.parametrize("name", MUTATIONS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("reason", [reason for reason in Reason if reason is not Reason.VISITOR])
async def test_mutations_find_a_title_only_where_it_may_be_seen(
    stage: Setter, reason: Reason, kind: type[AnyTitleCard], name: str
) -> None:
    staged = await stage(reason, kind)
    variables = {
        "id": staged.target.card.id, "other": staged.target.neighbour.id, "playable": staged.target.playable_id,
    }  # fmt: skip
    answer = await staged.client.run(MUTATIONS[name], variables)
    if shows(staged, closed=True):
        assert answer.data["field"]
        return
    assert answer.codes == ["NOT_FOUND"]
    assert answer.body["data"] == {"field": None}
    unknown = await staged.client.run(
        MUTATIONS[name], {**variables, **dict.fromkeys(("id", "playable"), "tit_aaaaaaaaaaaaaaaa")}
    )
    assert answer.body == unknown.body


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("reason", [Reason.ENDED, Reason.UPCOMING])
async def test_a_closed_title_says_that_it_is_not_available(
    stage: Setter, reason: Reason, kind: type[AnyTitleCard]
) -> None:
    staged = await stage(reason, kind)
    about = "id isInMyList badges availability { region isAvailable from until }"
    answer = await staged.client.fetch(
        f"query ($id: ID!) {{ title(id: $id) {{ {about} }} myList {{ edges {{ node {{ {about} }} }} }} }}",
        id=staged.target.card.id,
    )
    assert answer["title"]["availability"]["isAvailable"] is False
    assert answer["title"]["availability"]["region"] == staged.target.region
    assert (answer["title"]["availability"]["until"] is None) == (reason is Reason.UPCOMING)
    assert answer["title"]["badges"] in ([], ["NEW_EPISODES"])
    assert {"node": answer["title"]} in answer["myList"]["edges"]


@pytest.mark.parametrize("reason", ABSENT)
async def test_gaps_stay_in_their_places(stage: Setter, reason: Reason) -> None:
    staged = await stage(reason, SeriesCard)
    variables = own_ids(staged.target)
    answer = await staged.client.fetch(
        "query ($ids: [ID!]!) { titles(ids: $ids) { id } nodes(ids: $ids) { id } }", **variables
    )
    neighbour = {"id": staged.target.neighbour.id}
    expected = [neighbour, None, None, None, neighbour]
    assert answer == {"titles": expected, "nodes": expected}


@pytest.mark.parametrize("reason", [Reason.CEILING, Reason.FOREIGN, Reason.VISITOR])
async def test_search_counts_only_what_it_finds(stage: Setter, reason: Reason) -> None:
    """`totalCount` and facets are those of the titles that this viewer can page through."""
    staged = await stage(reason, MovieCard)
    found: list[dict[str, Any]] = []
    after, total, facets = None, None, {}
    while True:
        search = (
            await staged.client.fetch(
                """query ($after: String) { search(query: "love", first: 75, after: $after) {
                totalCount facets { count genre { id } } pageInfo { hasNextPage endCursor }
                edges { node { id genres { id } } } } }""",
                after=after,
            )
        )["search"]
        found += [edge["node"] for edge in search["edges"]]
        total, facets = search["totalCount"], {facet["genre"]["id"]: facet["count"] for facet in search["facets"]}
        after = search["pageInfo"]["endCursor"]
        if not search["pageInfo"]["hasNextPage"]:
            break
    counted: dict[str, int] = {}
    for node in found:
        for genre in node["genres"]:
            counted[genre["id"]] = counted.get(genre["id"], 0) + 1
    assert total == len(found) == len({node["id"] for node in found}) > 0
    assert facets == counted
