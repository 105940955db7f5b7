"""Operations of operators, for tests, and a title that is theirs alone."""

from typing import Any

from bff.stores.title_cards import rebuild_cards
from tests.live import Client, Demo

TITLE = """__typename ... on CatalogueTitle {
    id type name originalName originalLanguage synopsis releaseYear certificate maturityRating isWithdrawn addedAt
    genres { id } credits { person { id name } role character } windows { region from until }
    film { id duration videoState skipMarkers { kind start end } }
    seasons { id number name episodes { id number name synopsis releasedAt duration } } trailers { id name } }"""
CHANGE = f"{TITLE} ... on InvalidInput {{ message fields {{ path message }} }}"
UPSERT = f"mutation ($input: UpsertTitleInput!) {{ upsertTitle(input: $input) {{ {CHANGE} }} }}"
AVAILABILITY = f"""mutation ($id: ID!, $windows: [AvailabilityInput!], $removed: [String!]) {{
    setAvailability(titleId: $id, windows: $windows, removedRegions: $removed) {{ {CHANGE} }} }}"""
WITHDRAW = f"mutation ($id: ID!) {{ withdrawTitle(titleId: $id) {{ {TITLE} }} }}"
RESTORE = f"mutation ($id: ID!) {{ restoreTitle(titleId: $id) {{ {TITLE} }} }}"
MARK = f"""mutation ($id: ID!, $markers: [SkipMarkerInput!]!) {{
    setSkipMarkers(playableId: $id, markers: $markers) {{ {CHANGE} }} }}"""
STATUS = """mutation ($id: ID, $email: String, $status: AccountStatus!) {
    setAccountStatus(accountId: $id, email: $email, status: $status) { __typename
        ... on AccountStanding { accountId status } ... on InvalidInput { fields { path message } } } }"""

REGION = "AQ"
"""Where the demo's own titles are seen by few tests."""
NEW_FILM = {
    "type": "MOVIE",
    "name": "Ours",
    "synopsis": "A film of our own.",
    "releaseYear": 2026,
    "maturityRating": "AGE_7",
}


async def upsert(operator: Client, **given: Any) -> dict[str, Any]:
    """What `upsertTitle` answers."""
    return dict((await operator.fetch(UPSERT, input=given))["upsertTitle"])


async def open_everywhere(operator: Client, title_id: str, *regions: str) -> dict[str, Any]:
    windows = [{"region": region, "from": "2020-01-01T00:00:00Z"} for region in regions or (REGION,)]
    return dict((await operator.fetch(AVAILABILITY, id=title_id, windows=windows))["setAvailability"])


async def remove_own_titles(demo: Demo) -> None:
    """Leave the shared catalogue as it was found."""
    async with demo.services.pool.acquire() as connection, connection.transaction():
        rows = await connection.fetch("DELETE FROM title WHERE natural_key LIKE 'studio:%' RETURNING id")
        await connection.execute("DELETE FROM person WHERE NOT EXISTS (SELECT FROM credit WHERE person_id = person.id)")
        await rebuild_cards(connection, [row["id"] for row in rows])
    await demo.services.follower.catch_up()
