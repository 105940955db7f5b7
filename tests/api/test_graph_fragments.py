"""What one process keeps of answers reaches nobody whose own answer would differ.

Viewers, regions and devices take turns at one app, and get what graph without anything kept gives them.
"""

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import product
from typing import Any

import httpx
import msgspec
import pytest
from starlette.applications import Starlette

from bff.app import build_app
from bff.auth.tokens import mint_access_token, read_bearer
from bff.context import Services
from bff.domain.titles import AnyTitleCard, MaturityRating, MovieCard, SeriesCard
from tests.field_tour import Stop, plan_tour
from tests.http_server import serve
from tests.live import Client, Demo
from tests.profile_rows import add_progress, fill_profile
from tests.schema_walk import served_schema

COUNTRY = "X-Country"
REGIONS = ("US", "IN")
DEVICES = (
    {"X-Device-Class": "TV", "Accept": "application/json, image/avif, image/webp", "Accept-Language": "pt-BR"},
    {"X-Device-Class": "MOBILE", "Accept": "application/json, image/jpeg", "Accept-Language": "ja"},
)
KEPT_TYPES = frozenset({"Movie", "Series"})
NOTHING_YIELDS = frozenset({
    "ActiveStream", "AudioTrack", "Download", "DownloadLibrary", "DrmLicense", "Edge", "Invoice", "InvoiceConnection",
    "InvoiceEdge", "Notification", "NotificationConnection", "NotificationEdge", "PartyMember", "PlaybackSession",
    "Preview", "RefusedRendition", "Rendition", "SkipMarker", "SubtitleTrack", "Trailer", "TrickPlay", "WatchParty",
})  # fmt: skip
"""Object types that no field of the query has a value of in the demo."""
OWN_IDS = """{ viewer { account { id membership { id } } profile { id } device { id } }
    home { id rows(first: 40) { edges { node { id kind } } } } }"""


@dataclass(frozen=True)
class Asker:
    """Somebody in a region, on a device."""

    name: str
    headers: dict[str, str]


@dataclass(frozen=True)
class Stage:
    """Two apps over the same engines at one instant: one that keeps what it can, and one that keeps nothing."""

    keeping: Client
    plain: Client
    askers: Sequence[Asker]
    stops: Sequence[Stop]

    async def ask(self, client: Client, asker: Asker, query: str, **variables: Any) -> bytes:
        response = await client.http.post(
            "/graphql", json={"query": query, "variables": variables}, headers=asker.headers
        )
        return response.headers["content-language"].encode() + b" " + response.content

    async def count(self, line: str) -> float:
        """A number of `/metrics`."""
        told = (await self.keeping.http.get("/metrics")).text
        found = re.search(rf"^{re.escape(line)} (\S+)$", told, re.MULTILINE)
        return float(found[1]) if found is not None else 0.0


def in_region(services: Services, client: Client, region: str) -> dict[str, str]:
    """The headers of the same profile with a token of another region."""
    now = services.now()
    claims = services.authority.verifier.verify(read_bearer(client.headers["Authorization"]), now)
    token, _ = mint_access_token(
        services.authority.keys,
        account_id=claims.account_id,
        profile_id=claims.profile_id,
        family_id=claims.family_id,
        device_id=claims.device_id,
        plan=claims.plan,
        region=region,
        permissions=(),
        now=now,
        age=900,
    )
    return {"Authorization": f"Bearer {token}"}


async def make_viewers(demo: Demo, now: datetime) -> list[Client]:
    """Two profiles that share some titles and nothing of what they did."""
    cards = demo.services.follower.catalogue.by_popularity
    films = [card.id for card in cards if is_open_in_both(card, now) and isinstance(card, MovieCard)]
    series = [card for card in cards if is_open_in_both(card, now) and isinstance(card, SeriesCard)]
    viewers = []
    for number, (ceiling, language) in enumerate([(MaturityRating.AGE_18, "de"), (MaturityRating.AGE_13, "hi")]):
        viewer = await demo.make_viewer(ceiling=ceiling, is_kids=number == 1, language=language)
        assert viewer.profile_id is not None
        await fill_profile(demo.services.pool, viewer.profile_id, films[number * 4 : number * 4 + 8], now)
        begun = series[number]
        episode = next(episode for _, episode in begun.walk_episodes())
        await add_progress(demo.services.pool, viewer.profile_id, episode.id, begun.id, now)
        viewers.append(viewer)
    return viewers


def is_open_in_both(card: AnyTitleCard, now: datetime) -> bool:
    windows = [card.windows.get(region) for region in REGIONS]
    return card.maturity <= MaturityRating.AGE_7 and all(
        window is not None and window.opens <= now and window.closes is None for window in windows
    )


async def list_ids(demo: Demo, viewers: Sequence[Client], now: datetime) -> list[str]:
    """Ids of everything that `nodes` knows, those of both viewers among them."""
    catalogue = demo.services.follower.catalogue
    titles = [card for card in catalogue.by_popularity if is_open_in_both(card, now)]
    film = next(card for card in titles if isinstance(card, MovieCard))
    series = next(card for card in titles if isinstance(card, SeriesCard) and any(card.walk_episodes()))
    restricted = next(card for card in catalogue.by_popularity if "US" in card.windows and "IN" not in card.windows)
    ids = [film.id, series.id, restricted.id, series.seasons[0].id, next(series.walk_episodes())[1].id]
    ids += [film.genre_ids[0], film.credits[0].person_id]
    for viewer in viewers:
        asked = await viewer.fetch(OWN_IDS)
        account, home = asked["viewer"]["account"], asked["home"]
        rows = {edge["node"]["kind"]: edge["node"]["id"] for edge in home["rows"]["edges"]}
        ids += [account["id"], account["membership"]["id"], asked["viewer"]["profile"]["id"], home["id"]]
        ids += [asked["viewer"]["device"]["id"], *rows.values()]
    return ids


@pytest.fixture(scope="module")
async def stage(demo: Demo) -> AsyncIterator[Stage]:
    now = demo.services.now()
    settings = msgspec.structs.replace(
        demo.services.settings, account_rate=0, address_rate=0, operation_cost=10**6, visitor_cost=10**6,
        country_header=COUNTRY,
    )  # fmt: skip
    services = replace(demo.services, now=lambda: now, settings=settings)
    bare = replace(services, settings=msgspec.structs.replace(settings, compile=False, fragments=False))
    viewers = await make_viewers(demo, now)
    places = [
        (f"{name} in {region}", in_region(services, viewer, region))
        for (name, viewer), region in product(zip(("adult", "kid"), viewers, strict=True), REGIONS)
    ]
    places += [(f"visitor in {region}", {COUNTRY: region}) for region in REGIONS]
    askers = [
        Asker(f"{name} on {device['X-Device-Class']}", headers | device)
        for (name, headers), device in product(places, DEVICES)
    ]
    literals = make_literals(await list_ids(demo, viewers, now))
    tour = plan_tour(served_schema(), literals, everywhere=KEPT_TYPES, past={"Query.node"})
    async with AsyncExitStack() as stack:
        keeping, plain = [await open_client(stack, build_app(given)) for given in (services, bare)]
        yield Stage(keeping, plain, askers, tour)


async def open_client(stack: AsyncExitStack, app: Starlette) -> Client:
    url = await stack.enter_async_context(serve(app))
    return Client(await stack.enter_async_context(httpx.AsyncClient(base_url=url, timeout=30, trust_env=False)))


def make_literals(ids: Sequence[str]) -> dict[str, str]:
    """Arguments of a tour through the graph, over what has these ids."""
    return {
        "ids": "[" + ", ".join(f'"{identifier}"' for identifier in ids) + "]",
        "Query.title(id)": f'"{ids[0]}"',
        "id": '"x"',
        "code": '"x"',
        "query": '"love"',
        "prefix": '"lo"',
        "number": "1",
        "position": "1",
        "quality": "P1080",
        "first": "3",
        "Home.rows(first)": "40",
    }


def take_turns(askers: Sequence[Asker]) -> Iterator[Asker]:
    """Each after each of the others somewhere, and again once all was asked before."""
    yield from askers
    yield from reversed(askers)
    yield from (*askers[::2], *askers[1::2])


async def test_every_field_is_answered_as_if_nothing_were_kept(stage: Stage) -> None:
    seen: set[str] = set()
    for stop in stage.stops:
        expected = {asker.name: await stage.ask(stage.plain, asker, stop.text) for asker in stage.askers}
        for answer in expected.values():
            note_fields(msgspec.json.decode(answer.partition(b" ")[2]), seen)
        if stop.coordinates.isdisjoint(seen):
            continue  # nobody gets any such value
        for asker in take_turns(stage.askers):
            answer = await stage.ask(stage.keeping, asker, stop.text)
            assert answer == expected[asker.name], (stop.place, asker.name)
    missed = {coordinate for stop in stage.stops for coordinate in stop.coordinates} - seen
    assert {coordinate.partition(".")[0] for coordinate in missed} <= NOTHING_YIELDS, missed
    assert await stage.count('bff_fragment_lookups_total{outcome="hit"}') > 1000


def note_fields(value: Any, seen: set[str]) -> None:
    """Add the coordinates of the fields that an answer holds, under their own names."""
    if isinstance(value, list):
        for item in value:
            note_fields(item, seen)
    elif isinstance(value, dict):
        seen |= {f"{value['__typename']}.{name}" for name in value} if "__typename" in value else set()
        for held in value.values():
            note_fields(held, seen)
