"""The operations of the visibility matrix: for every field of the graph that yields a title one that would show it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bff.domain.paging import encode_cursor
from bff.domain.titles import MovieCard
from tests.visibility import Target

EPISODE = "id name title { id } season { id series { id } } next { id title { id } } progress { playable { id } }"
PLAYABLE = "id name title { id name } next { id name title { id } }"
ROW = """id name because { id name } items(first: 75) { edges { node {
    id title { id name } ... on ContinueItem { playable { id title { id } } } } } }"""
ROWS = f"edges {{ node {{ {ROW} }} }}"
LIST = "edges { node { id name } }"


@dataclass(frozen=True)
class Probe:
    """An operation that would show the target. `closed`: whether it shows one whose window is closed."""

    covers: tuple[str, ...]
    query: str
    closed: bool
    variables: Callable[[Target], dict[str, Any]] = lambda _: {}
    for_visitors: bool = True


def own_id(target: Target) -> dict[str, Any]:
    return {"id": target.card.id}


def own_ids(target: Target) -> dict[str, Any]:
    return {"ids": [target.neighbour.id, *target.ids, target.neighbour.id]}


def just_before(scope: str) -> Callable[[Target], dict[str, Any]]:
    """A cursor behind which the target would come next, in a list by popularity."""

    def build(target: Target) -> dict[str, Any]:
        genre = target.card.genre_ids[0]
        return {"id": genre, "after": encode_cursor(scope.format(genre=genre), (-target.card.popularity, ""))}

    return build


def narrow_filter(target: Target) -> dict[str, Any]:
    year, card = target.card.release_year, target.card
    kind = "MOVIE" if isinstance(card, MovieCard) else "SERIES"
    genre = card.genre_ids[-1]
    return {"filter": {"type": kind, "releasedFrom": year, "releasedTo": year, "genre": genre}}


PROBES = {
    "title": Probe(
        (
            "Query.title",
            "Title.play",
            "Title.trailers",
            "Playable.title",
            "Playable.next",
            "Progress.playable",
            "Series.season",
            "Series.seasons",
            "Season.series",
            "Season.episodes",
            "Episode.season",
        ),
        f"""query ($id: ID!) {{ title(id: $id) {{ id name trailers {{ id }} play {{ {PLAYABLE} }}
            progress {{ playable {{ {PLAYABLE} }} }}
            ... on Movie {{ {PLAYABLE} }}
            ... on Series {{ season(number: 1) {{ id series {{ id }} }}
              seasons {{ id series {{ id }} episodes(first: 2) {{ edges {{ node {{ {EPISODE} }} }} }} }} }} }} }}""",
        True,
        own_id,
    ),
    "titles": Probe(
        ("Query.titles",),
        "query ($ids: [ID!]!) { titles(ids: $ids) { id name } }",
        True,
        lambda target: {"ids": [target.card.id]},
    ),
    "node": Probe(
        ("Query.node",),
        """query ($title: ID!, $playable: ID!, $season: ID!) {
            title: node(id: $title) { id ... on Title { name } }
            playable: node(id: $playable) { id ... on Playable { name title { id } } }
            season: node(id: $season) { id ... on Season { series { id } episodes { edges { node { id } } } } } }""",
        True,
        lambda target: {"title": target.card.id, "playable": target.playable_id, "season": target.ids[-1]},
    ),
    "nodes": Probe(("Query.nodes",), "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", True, own_ids),
    "browse": Probe(
        ("Query.browse",),
        f"""query ($filter: BrowseFilter!) {{
            popularity: browse(filter: $filter, first: 75) {{ {LIST} }}
            rating: browse(filter: $filter, sort: RATING, first: 75) {{ {LIST} }}
            released: browse(filter: $filter, sort: RELEASED, first: 75) {{ {LIST} }}
            added: browse(filter: $filter, sort: ADDED, first: 75) {{ {LIST} }}
            name: browse(filter: $filter, sort: NAME, first: 75) {{ {LIST} }} }}""",
        False,
        narrow_filter,
    ),
    "trending": Probe(
        ("Query.trending",),
        f"query ($after: String) {{ trending(first: 5, after: $after) {{ {LIST} }} }}",
        False,
        just_before("trending"),
    ),
    "search by name": Probe(
        ("Query.search",),
        f"""query ($query: String!) {{ search(query: $query, first: 75) {{
            correctedQuery edges {{ node {{ id name }} match {{ text }} }}
            people {{ name titles(first: 75) {{ {LIST} }} }} }} }}""",
        False,
        lambda target: {"query": target.card.name},
    ),
    "search by person": Probe(
        (),
        f"query ($query: String!) {{ search(query: $query, first: 75) {{ {LIST} people {{ titles {{ {LIST} }} }} }} }}",
        False,
        lambda target: {"query": target.card.credits[0].name},
    ),
    "suggest": Probe(
        ("Suggestion.node",),
        "query ($prefix: String!) { suggest(prefix: $prefix, first: 20) { text node { id } } }",
        False,
        lambda target: {"prefix": target.card.name},
    ),
    "similar": Probe(
        ("Title.similar",),
        f"query ($id: ID!) {{ title(id: $id) {{ similar(first: 75) {{ {LIST} }} }} }}",
        False,
        lambda target: {"id": target.neighbour.id},
    ),
    "genre": Probe(
        ("Genre.titles",),
        f"""query ($id: ID!, $after: String) {{
            node(id: $id) {{ ... on Genre {{ titles(first: 5, after: $after) {{ {LIST} }} }} }} }}""",
        False,
        just_before("genre:{genre}"),
    ),
    "person": Probe(
        ("Person.titles",),
        f"query ($id: ID!) {{ node(id: $id) {{ ... on Person {{ name titles(first: 75) {{ {LIST} }} }} }} }}",
        False,
        lambda target: {"id": target.card.credits[0].person_id},
    ),
    "my list": Probe(("Query.myList",), f"{{ myList(first: 75) {{ {LIST} }} }}", True, for_visitors=False),
    "continue watching": Probe(
        ("Query.continueWatching",),
        "{ continueWatching(first: 75) { edges { node { id title { id name } playable { id name } } } } }",
        False,
        for_visitors=False,
    ),
    "history": Probe(
        ("Profile.history", "HistoryEntry.title", "HistoryEntry.playable"),
        "{ viewer { profile { history { edges { node { title { id name } playable { id name } } } } } } }",
        True,
        for_visitors=False,
    ),
    "ratings": Probe(
        ("Profile.ratings",),
        f"{{ viewer {{ profile {{ ratings {{ {LIST} }} }} }} }}",
        True,
        for_visitors=False,
    ),
    "home as composed": Probe(
        ("Home.rows", "Row.items", "RowItem.title", "ContinueItem.playable"),
        f"{{ home {{ hero {{ title {{ id name }} }} rows(first: 40) {{ {ROWS} }} }} }}",
        False,
        for_visitors=False,
    ),
    "list after a change": Probe(
        ("MyListPayload.myList",),
        f"mutation ($id: ID!) {{ addToMyList(titleId: $id) {{ title {{ id }} myList(first: 75) {{ {LIST} }} }} }}",
        True,
        lambda target: {"id": target.neighbour.id},
        for_visitors=False,
    ),
    "continue watching after a change": Probe(
        ("ContinueWatchingPayload.continueWatching",),
        """mutation ($id: ID!) { removeFromContinueWatching(titleId: $id) {
            continueWatching(first: 75) { edges { node { id title { id name } playable { id } } } } } }""",
        False,
        lambda target: {"id": target.neighbour.id},
        for_visitors=False,
    ),
}

PINNED = {
    "hero": ("Hero.title", "{ home { hero { title { id name } } } }"),
    "rows": ("Row.because", f"{{ home {{ rows(first: 40) {{ {ROWS} }} }} }}"),
    "hidden rows": ("Home.hiddenRows", f"{{ home {{ hiddenRows {{ {ROW} }} }} }}"),
    "rows by id": ("Query.nodes", f"query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on Row {{ {ROW} }} }} }}"),
}

SESSIONS = {
    "a session": f"query ($id: ID!) {{ playbackSession(id: $id) {{ id playable {{ {PLAYABLE} }} }} }}",
    "a session as a node": f"""query ($id: ID!) {{
        node(id: $id) {{ id ... on PlaybackSession {{ dashUrl playable {{ {PLAYABLE} }} }} }} }}""",
    "a session that is stopped": f"""mutation ($id: ID!) {{ stopPlayback(sessionId: $id) {{
        __typename ... on PlaybackSession {{ playable {{ {PLAYABLE} }} }} ... on Problem {{ message }} }} }}""",
}
"""Ways to `PlaybackSession.playable`, of one that had begun before the title was hidden."""

FOLLOWED = f"""subscription {{ homeChanged {{ home {{ hero {{ title {{ id name }} }} hiddenRows {{ id name }}
    rows(first: 10) {{ edges {{ node {{ id name because {{ id name }} items(first: 5) {{ edges {{ node {{
        id title {{ id name }} ... on ContinueItem {{ playable {{ {PLAYABLE} }} }} }} }} }} }} }} }} }} }} }}"""

MUTATIONS = {
    "addToMyList.titleId": "mutation ($id: ID!) { field: addToMyList(titleId: $id) { title { id } } }",
    "removeFromMyList.titleId": "mutation ($id: ID!) { field: removeFromMyList(titleId: $id) { title { id } } }",
    "moveInMyList.titleId": "mutation ($id: ID!) { field: moveInMyList(titleId: $id) { title { id } } }",
    "moveInMyList.beforeId": (
        "mutation ($id: ID!, $other: ID!) { field: moveInMyList(titleId: $other, beforeId: $id) { title { id } } }"
    ),
    "rateTitle.titleId": "mutation ($id: ID!) { field: rateTitle(titleId: $id, thumb: UP) { id } }",
    "removeFromContinueWatching.titleId": (
        "mutation ($id: ID!) { field: removeFromContinueWatching(titleId: $id) { title { id } } }"
    ),
    "submitFeedback.titleId": 'mutation ($id: ID!) { field: submitFeedback(text: "Nice.", titleId: $id) }',
    "startPlayback.playableId": (
        "mutation ($playable: ID!) { field: startPlayback(input: {playableId: $playable}) { __typename } }"
    ),
}
COVERED_BY_MUTATIONS = {
    "PlaybackSession.playable",
    "MyListPayload.title",
    "ContinueWatchingPayload.title",
    "Mutation.rateTitle",
}

UNSERVED = {
    "ActiveStream.title",
    "Download.playable",
    "Notification.title",
    "PlaybackUpdate.playable",
    "WatchParty.playable",
}
"""Below roots that answer UNAVAILABLE, as tests/api/test_graph_access.py holds them to; streams do not play yet."""
UNSERVED_ARGUMENTS = {
    "controlWatchParty.playableId",
    "createWatchParty.playableId",
    "reportEvents.playableId",
    "reportEvents.titleId",
    "reportOfflineProgress.playableId",
    "requestDownload.playableId",
}
OPERATORS_ARGUMENTS = {
    "restoreTitle.titleId",
    "setAvailability.titleId",
    "setSkipMarkers.playableId",
    "startIngest.titleId",
    "withdrawTitle.titleId",
}
"""For operators alone, who deal with every title, as tests/api/test_graph_access.py holds them to."""
