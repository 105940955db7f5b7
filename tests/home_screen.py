"""Reads homes as a client would, whole, and says what tests compare of them."""

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any

from tests.live import Client
from tests.pages import PAGE

Row = dict[str, Any]

CARD = """__typename id title { id name maturityRating badges genres { name } availability { isAvailable } }
    ... on RankedItem { rank } ... on ContinueItem { playable { id } progress { fraction } }"""
ROW = f"""id name kind layout isStale because {{ id name }}
    items(first: $cards, after: $items) {{ {PAGE} node {{ {CARD} }} }} }}"""
HOME = f"""query ($rows: Int = 40, $after: String, $cards: Int = 75, $items: String) {{
    home {{ id generatedAt isPersonalised hero {{ headline title {{ id name }} }}
        rows(first: $rows, after: $after) {{ {PAGE} node {{ {ROW} }} }} }} }} }}"""
ROW_BY_ID = f"""query ($id: ID!, $cards: Int = 75, $items: String) {{
    node(id: $id) {{ id ... on Row {{ {ROW} }} }} }}"""
ARRANGE = """mutation ($order: [ID!], $hidden: [ID!]) { arrangeHome(order: $order, hidden: $hidden) {
    id rows(first: 40) { edges { node { id } } } hiddenRows { id name kind } } }"""


async def read_rows(client: Client, **variables: Any) -> list[Row]:
    """The rows of the home as it is now, with all their items."""
    home = (await client.fetch(HOME, **variables))["home"]
    return [edge["node"] for edge in home["rows"]["edges"]]


async def read_row(client: Client, row_id: str, **variables: Any) -> Row | None:
    """One row by its id."""
    row: Row | None = (await client.fetch(ROW_BY_ID, id=row_id, **variables))["node"]
    return row


def of_kind(rows: Iterable[Row], kind: str) -> list[Row]:
    return [row for row in rows if row["kind"] == kind]


def find_row(rows: Iterable[Row], kind: str, wanted: Callable[[Row], bool] = lambda _: True) -> Row:
    """The first row of a kind that `wanted` holds of."""
    return next(row for row in of_kind(rows, kind) if wanted(row))


def items_of(row: Row) -> list[dict[str, Any]]:
    return [edge["node"] for edge in row["items"]["edges"]]


def titles_of(row: Row) -> list[str]:
    """Ids, in order."""
    return [item["title"]["id"] for item in items_of(row)]


def ids_of(rows: Iterable[Row]) -> list[str]:
    return [row["id"] for row in rows]


def check_rows(rows: list[Row]) -> None:
    """What holds of every home, whoever asks."""
    assert len(set(ids_of(rows))) == len(rows)
    for row in rows:
        titles = titles_of(row)
        assert titles
        assert len(set(titles)) == len(titles)
        assert all(item["title"]["availability"]["isAvailable"] for item in items_of(row))
    item_ids = [item["id"] for row in rows for item in items_of(row)]
    assert len(set(item_ids)) == len(item_ids)
    for upper, lower in pairwise(rows):
        assert not set(titles_of(upper)) & set(titles_of(lower)), (upper["name"], lower["name"])
