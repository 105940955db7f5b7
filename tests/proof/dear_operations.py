"""The dearest operations that the limits let through, by what makes them dear: each is to be answered without holding
others up.
"""

from typing import Any

from graphql import get_introspection_query

from bff.http.requests import MAX_JSON_VALUES
from tests.live import OPERATIONS

Dear = tuple[str, dict[str, Any]]

CARD = (
    "id name synopsis releaseYear maturityRating badges isInMyList averageRating artwork {url width height placeholder}"
    " genres {id name} credits(first: 5) {role person {name}} availability {isAvailable from until}"
    " progress {fraction} play {id duration label} similar(first: 1) {totalCount}"
)


def nodes(selection: str) -> str:
    return "{edges {node {" + selection + "}}}"


def alias(count: int, field: str) -> str:
    """The field as often, `%` in it numbered."""
    return "{" + " ".join(f"a{number}: {field.replace('%', str(number))}" for number in range(count)) + "}"


def switch(field: str, conditions: int) -> str:
    """An operation that has a plan for each set of values of its conditions."""
    names = [f"$c{number}" for number in range(conditions)]
    declared = ", ".join(f"{name}: Boolean!" for name in names)
    return f"query({declared}) {{{field} " + " ".join(f"__typename @include(if: {name})" for name in names) + "}"


SIMILAR = "similar(first: 75) " + nodes("id name synopsis badges isInMyList artwork {url}")
LETTERS = "abcdefghijklmnopqrst"
MANY = ["x"] * (MAX_JSON_VALUES - 10)

FOR_VISITORS: dict[str, Dear] = {
    "a page of cards": ("{browse(first: 75) " + nodes(CARD) + "}", {}),
    "ten pages of similar titles": ("{browse(first: 10) " + nodes(SIMILAR) + "}", {}),
    "similar titles of a page": ("{browse(first: 75) " + nodes(SIMILAR.replace("75", "30")) + "}", {}),
    "the counts of similar titles": ("{browse(first: 75) " + nodes("similar(first: 0) {totalCount}") + "}", {}),
    "genres with their titles": ("{genres {titles(first: 75) " + nodes("id name synopsis artwork {url}") + "}}", {}),
    "twenty pages by name": (alias(20, "browse(first: 75, sort: NAME) " + nodes("id")), {}),
    "twenty searches": (
        "{"
        + " ".join(
            f'{letter}: search(query: "the {letter}") {{edges {{node {{id name}}}} totalCount '
            "facets {count genre {name}} people {name}}"
            for letter in LETTERS
        )
        + "}",
        {},
    ),
    "twenty prefixes": (
        "{" + " ".join(f'{letter}: suggest(prefix: "{letter}", first: 100) {{text}}' for letter in LETTERS) + "}",
        {},
    ),
}
FOR_VIEWERS: dict[str, Dear] = {
    "the largest home": (OPERATIONS["home"], {"rows": 40, "cards": 75}),
    "a home with long cards": (
        "{home {rows(first: 40) "
        + nodes(f"id name items(first: 20) {{edges {{cursor node {{id title {{{CARD}}} artwork {{url}}}}}}}}")
        + "}}",
        {},
    ),
    "similar of similar": ("{browse(first: 75) " + nodes(SIMILAR) + "}", {}),
    "similar of similar by name": ("{browse(first: 75, sort: NAME) " + nodes(SIMILAR) + "}", {}),
    "similar of similar of similar": (
        "{browse(first: 20) "
        + nodes("similar(first: 20) " + nodes("id name similar(first: 20) " + nodes("id badges")))
        + "}",
        {},
    ),
    "counts of similar of similar": (
        "{browse(first: 75, sort: ADDED) "
        + nodes("similar(first: 29) " + nodes("similar(first: 0) {totalCount}"))
        + "}",
        {},
    ),
    "titles of people": (
        "{browse(first: 75) "
        + nodes("credits(first: 20) {person {name titles(first: 10) {totalCount edges {node {id name}}}}}")
        + "}",
        {},
    ),
    "titles by people and similar": (
        "{browse(first: 30, sort: NAME) "
        + nodes(
            "similar(first: 5) " + nodes("credits(first: 10) {person {photo {url} titles(first: 10) {totalCount}}}")
        )
        + "}",
        {},
    ),
    "every episode": (
        "{browse(first: 20) "
        + nodes("... on Series {seasons {episodes(first: 25) " + nodes("id name synopsis") + "}}")
        + "}",
        {},
    ),
    "thousands of errors": (
        "{browse(first: 75) "
        + nodes("similar(first: 30) " + nodes("id credits(first: -1) {character} artwork(width: -1) {url}"))
        + "}",
        {},
    ),
    "errors by alias": (
        "{browse(first: 75) "
        + nodes(
            "similar(first: 2) "
            + nodes(" ".join(f"a{number}: credits(first: -1) {{character}}" for number in range(28)))
        )
        + "}",
        {},
    ),
    "fields by alias": (
        "{browse(first: 75, sort: NAME) "
        + nodes(
            "similar(first: 60) "
            + nodes(" ".join(f"a{number}: artwork(width: {100 + number}) {{url}}" for number in range(9)))
        )
        + "}",
        {},
    ),
    "availability of similar": (
        "{browse(first: 75, sort: NAME) "
        + nodes(
            "similar(first: 60) " + nodes("play {id label duration} progress {fraction} availability {from} badges")
        )
        + "}",
        {},
    ),
    "twenty homes of a page": (alias(20, "trending(first: 75) " + nodes("id name synopsis artwork {url}")), {}),
    "a hundred nodes by alias": (
        "query($ids: [ID!]!) " + alias(20, "titles(ids: $ids) {id name synopsis artwork {url} genres {name}}"),
        {"ids": ["x"] * 100},
    ),
    "as many events as a body may hold": (
        "mutation($events: [EventInput!]!) {reportEvents(events: $events) {accepted}}",
        {"events": [{"id": "x", "kind": "PLAY", "at": "2026-01-01T00:00:00Z"}] * (len(MANY) // 4)},
    ),
    "every variant of a plan": (
        switch("browse(first: 75) " + nodes(SIMILAR), 4),
        dict.fromkeys(("c0", "c1", "c2", "c3"), True),
    ),
}
IN_DEVELOPMENT: dict[str, Dear] = {
    "introspection": (get_introspection_query(), {}),
    "introspection by alias": (
        alias(6, "__schema {types {name fields {name args {name type {name}} type {name ofType {name}}}}}"),
        {},
    ),
}
"""What is refused in production."""
OF_EPISODES = "seasons {episodes " + nodes("id name synopsis still {url}") + "}"
ALL = f"{CARD} ... on Series {{{OF_EPISODES}}}"


def cards_of(cards: str) -> str:
    return nodes(f"...A more: similar(first: 0) {cards}")


def widen(fields: str) -> str:
    """Cards of cards, for both kinds of titles, at as many levels as there may be; `fields` stand beside them."""
    return (
        f"{{browse(first: 0) {cards_of(cards_of(nodes('...C')))} {fields}}}"
        f" fragment C on Title {{{CARD}}} fragment A on Title {{{ALL}}}"
    )


TEXTS: dict[str, Dear] = {
    "a text of 1,000 tokens": ("{titles(ids: [" + '"x" ' * 980 + "]) {id}}", {}),
    "as many ids as a body may hold": ("query($ids: [ID!]!) " + alias(20, "titles(ids: $ids) {id}"), {"ids": MANY}),
    "fields that may overlap": (
        "{browse(first: 1) "
        + nodes("similar(first: 0) {totalCount} " * 20 + "...F " * 20)
        + "} fragment F on Title {"
        + "similar(first: 0) {totalCount} " * 20
        + "}",
        {},
    ),
    "the fields of every type": (
        "{browse(first: 1) "
        + nodes(" ".join(f"... on {kind} {{{CARD}}}" for kind in ("Movie", "Series", "Title") * 3))
        + "}",
        {},
    ),
    "the widest plan": (
        widen(f"trending(first: 0) {cards_of(nodes('...A'))} again: trending(first: 0) {nodes('...A')}"),
        {},
    ),
    "what is too wide for a plan": (widen(f"trending(first: 1) {cards_of(cards_of(nodes('...C')))}"), {}),
}
