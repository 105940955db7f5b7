"""Pages through a list of the graph to its end, as a client would."""

from collections.abc import AsyncIterator
from typing import Any

from tests.live import Client


async def read_pages(client: Client, query: str, *path: str, **variables: Any) -> AsyncIterator[dict[str, Any]]:
    """The connections under `path`, one page after the other; the query takes its cursor as `$after`."""
    after = None
    while True:
        connection: Any = await client.fetch(query, after=after, **variables)
        for step in path:
            connection = connection[step]
        check_page(connection)
        yield connection
        if not connection["pageInfo"]["hasNextPage"]:
            return
        assert connection["pageInfo"]["endCursor"] != after
        after = connection["pageInfo"]["endCursor"]


async def read_nodes(client: Client, query: str, *path: str, **variables: Any) -> list[Any]:
    """The nodes of all pages."""
    return [edge["node"] async for page in read_pages(client, query, *path, **variables) for edge in page["edges"]]


def check_page(connection: dict[str, Any]) -> None:
    """What holds of every page; the query must ask for `cursor` and the whole `pageInfo`."""
    cursors = [edge["cursor"] for edge in connection["edges"]]
    assert len(set(cursors)) == len(cursors)
    info = connection["pageInfo"]
    assert info["hasPreviousPage"] is False
    assert info["startCursor"] == (cursors[0] if cursors else None)
    assert info["endCursor"] == (cursors[-1] if cursors else None)


PAGE = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor"
"""What `read_pages` needs of a connection; go on with `node { … } }`."""
