"""What one process keeps of answers reaches nobody whose own answer would differ.

Viewers, regions and devices take turns at one app, and get what graph without anything kept gives them.
"""

import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import product
from typing import Any

import httpx
import msgspec
import orjson
import pytest
from starlette.applications import Starlette

from bff.app import build_app
from bff.context import Reads
from bff.domain.titles import AnyTitleCard, MaturityRating
from bff.http.documents import MAX_TOKENS
from bff.http.limits import Limits
from bff.services import Services
from bff.stores.redis import DocumentCache
from tests.askers import REGIONS, in_region, list_ids, make_literals, make_viewers
from tests.field_tour import Stop, join_stops, plan_tour
from tests.http_server import serve
from tests.live import OPERATIONS, Client, Demo
from tests.schema_walk import declare_reads, served_schema

COUNTRY = "X-Country"
DEVICES = (
    {"X-Device-Class": "TV", "Accept": "application/json, image/avif, image/webp", "Accept-Language": "pt-BR"},
    {"X-Device-Class": "MOBILE", "Accept": "application/json, image/jpeg", "Accept-Language": "ja"},
)
KEPT_TYPES = frozenset({"Movie", "Series"})
NOTHING_YIELDS = frozenset({
    "ActiveStream", "AudioTrack", "Download", "DownloadLibrary", "DrmLicense", "Edge", "Feedback", "FeedbackEdge",
    "IngestJob", "IngestJobEdge", "Invoice", "InvoiceConnection", "InvoiceEdge", "Notification",
    "NotificationConnection", "NotificationEdge", "PartyMember", "PlaybackSession", "Preview", "RefusedRendition",
    "Rendition", "SkipMarker", "SubtitleTrack", "Trailer", "TrickPlay", "Upload", "UploadPart", "WatchParty",
})  # fmt: skip
"""Object types that no field of the query has a value of in the demo."""


@dataclass(frozen=True)
class Asker:
    """Somebody in a region, on a device."""

    name: str
    headers: dict[str, str]


@dataclass
class Instant:
    """The time that holds still, until it is set anew."""

    at: datetime

    def __call__(self) -> datetime:
        return self.at


@dataclass(frozen=True)
class Stage:
    """Two apps over the same engines at one instant: one that keeps what it can, and one that keeps nothing."""

    services: Services
    instant: Instant
    viewers: Sequence[Client]
    """One, another and a child."""

    keeping: Client
    plain: Client
    askers: Sequence[Asker]
    stops: Sequence[Stop]

    async def compare(self, query: str, variables: Mapping[str, Any] | None = None) -> list[bytes]:
        """The answers without anything kept; what is kept must not make others of them."""
        expected = {asker.name: await ask(self.plain, asker.headers, query, variables) for asker in self.askers}
        for asker in take_turns(self.askers):
            answer = await ask(self.keeping, asker.headers, query, variables)
            assert answer == expected[asker.name], asker.name
        return list(expected.values())

    async def count(self, line: str) -> float:
        """A number of `/metrics`."""
        told = (await self.keeping.http.get("/metrics")).text
        found = re.search(rf"^{re.escape(line)} (\S+)$", told, re.MULTILINE)
        return float(found[1]) if found is not None else 0.0


async def ask(
    client: Client, headers: Mapping[str, str], query: str, variables: Mapping[str, Any] | None = None
) -> bytes:
    """What the answer says, its language first; errors of several fields come in the order of time, and are sorted."""
    response = await client.http.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
    body = orjson.loads(response.content)
    body.get("errors", []).sort(key=orjson.dumps)
    return response.headers["content-language"].encode() + b" " + orjson.dumps(body)


@pytest.fixture(scope="module")
async def stage(demo: Demo) -> AsyncIterator[Stage]:
    now = demo.services.now()
    settings = msgspec.structs.replace(
        demo.services.settings, account_rate=0, address_rate=0, operation_cost=10**6, visitor_cost=10**6,
        country_header=COUNTRY,
    )  # fmt: skip
    instant = Instant(now)
    patient = DocumentCache(demo.services.cache.redis, deadline=30)  # an answer that is late must not be another one
    services = replace(demo.services, now=instant, settings=settings, cache=patient)
    bare = replace(services, settings=msgspec.structs.replace(settings, compile=False, fragments=False))
    viewers = await make_viewers(demo, now)
    places = [
        (f"{name} in {region}", in_region(services, viewer, region))
        for (name, viewer), region in product(zip(("one", "other"), viewers, strict=False), REGIONS)
    ]
    askers = [
        Asker(f"{name} on {device['X-Device-Class']}", headers | device)
        for (name, headers), device in product(places, DEVICES)
    ]
    askers += [Asker("a child", in_region(services, viewers[2], "US") | DEVICES[0])]
    askers += [Asker("an operator", in_region(services, await demo.sign_in("operator@example.com"), "US") | DEVICES[1])]
    askers += [
        Asker(f"a visitor in {region}", {COUNTRY: region} | device)
        for region, device in zip(REGIONS, DEVICES, strict=True)
    ]
    literals = make_literals(await list_ids(demo, viewers, now))
    tour = plan_tour(served_schema(), literals, everywhere=KEPT_TYPES | {"CataloguePlayable"}, past={"Query.node"})
    tour = join_stops(tour, most_tokens=MAX_TOKENS, most_fields=Limits().root_fields)
    async with AsyncExitStack() as stack:
        keeping, plain = [await open_client(stack, build_app(given)) for given in (services, bare)]
        yield Stage(services, instant, viewers, keeping, plain, askers, tour)


async def open_client(stack: AsyncExitStack, app: Starlette) -> Client:
    url = await stack.enter_async_context(serve(app))
    return Client(await stack.enter_async_context(httpx.AsyncClient(base_url=url, timeout=30, trust_env=False)))


def take_turns(askers: Sequence[Asker]) -> Iterator[Asker]:
    """Each after each of the others somewhere, and again once all was asked before."""
    yield from askers
    yield from reversed(askers)
    yield from (*askers[::2], *askers[1::2])


async def test_every_field_is_answered_as_if_nothing_were_kept(stage: Stage) -> None:
    seen: set[str] = set()
    for stop in stage.stops:
        for answer in await stage.compare(stop.text):
            note_fields(msgspec.json.decode(answer.partition(b" ")[2]), seen)
    missed = {coordinate for stop in stage.stops for coordinate in stop.coordinates} - seen
    assert {coordinate.partition(".")[0] for coordinate in missed} <= NOTHING_YIELDS, missed
    assert await stage.count('bff_fragment_lookups_total{outcome="hit"}') > 1000


@pytest.mark.parametrize("name", ["home", "search", "title"])
async def test_screens_are_answered_as_if_nothing_were_kept(stage: Stage, demo: Demo, name: str) -> None:
    film = demo.services.follower.catalogue.by_popularity[0]
    variables = {"home": {}, "search": {"query": "love"}, "title": {"id": film.id}}
    await stage.compare(OPERATIONS[name], variables[name])


def note_fields(value: Any, seen: set[str]) -> None:
    """Add the coordinates of the fields that an answer holds, under their own names."""
    if isinstance(value, list):
        for item in value:
            note_fields(item, seen)
    elif isinstance(value, dict):
        seen |= {f"{value['__typename']}.{name}" for name in value} if "__typename" in value else set()
        for held in value.values():
            note_fields(held, seen)


# ---- each thing that may change an answer, alone


@dataclass(frozen=True)
class Difference:
    """Two requests that differ in one thing, and what they ask for."""

    fields: str
    one: Mapping[str, str]
    other: Mapping[str, str]
    variables: tuple[Mapping[str, Any], Mapping[str, Any]] = ({}, {})
    days: tuple[int, int] = (0, 0)


HERE: Mapping[str, str] = {COUNTRY: "US", "Accept": "application/json"}
TELEVISION, PHONE = {"X-Device-Class": "TV"}, {"X-Device-Class": "MOBILE"}
DIFFERENCES = {
    "region": Difference("badges", HERE, {**HERE, COUNTRY: "IN"}),
    "image format": Difference(
        "artwork { format url }",
        {**HERE, "Accept": "application/json, image/avif"},
        {**HERE, "Accept": "application/json, image/jpeg"},
    ),
    "image width": Difference(
        "artwork(width: $width) { width height url }", HERE, HERE, variables=({"width": 160}, {"width": 700})
    ),
    "device class": Difference("artwork { width }", {**HERE, **TELEVISION}, {**HERE, **PHONE}),
    "room for text": Difference("synopsis", {**HERE, **TELEVISION}, {**HERE, **PHONE}),
    "language": Difference("name", {**HERE, "Accept-Language": "pt"}, {**HERE, "Accept-Language": "ja"}),
    "day": Difference("badges", HERE, HERE, days=(0, 20)),
}


async def list_titles(stage: Stage) -> list[str]:
    """A hundred titles that a child may see, from the first of the top ten on."""
    answer = await stage.viewers[2].fetch("{ browse(first: 75) { edges { node { id } } } }")
    ids = [edge["node"]["id"] for edge in answer["browse"]["edges"]]
    catalogue = stage.services.follower.catalogue
    changing = [
        card.id
        for card in catalogue.by_popularity
        if card.maturity <= MaturityRating.AGE_13 and has_changing_badges(card, stage.instant.at)
    ]
    return [*ids[:40], *changing[:60]]


def has_changing_badges(card: AnyTitleCard, now: datetime) -> bool:
    """Licensed in both regions, and new in one alone or later."""
    windows = [card.windows.get(region) for region in REGIONS]
    opened = {window.opens <= now < window.opens + timedelta(days=30) for window in windows if window is not None}
    return None not in windows and len(opened) == 2


async def find_difference(stage: Stage, keeping: Client, difference: Difference, ids: Sequence[str]) -> list[str]:
    """Where an app that keeps what it can answers otherwise, in turns; the answers themselves must not be alike."""
    width = ", $width: Int" if "$width" in difference.fields else ""
    query = f"query ($ids: [ID!]!{width}) {{ titles(ids: $ids) {{ id {difference.fields} }} }}"
    wrong, seen, noon = [], set(), stage.instant.at
    try:
        for turn in (0, 1, 0, 1, 1, 0):
            stage.instant.at = noon + timedelta(days=difference.days[turn])
            headers = (difference.one, difference.other)[turn]
            variables = {"ids": ids, **difference.variables[turn]}
            expected = await ask(stage.plain, headers, query, variables)
            assert b'"errors"' not in expected
            seen.add(expected)
            if await ask(keeping, headers, query, variables) != expected:
                wrong.append(f"turn {turn}")
    finally:
        stage.instant.at = noon
    assert len(seen) == 2
    return wrong


@pytest.mark.parametrize("name", DIFFERENCES)
async def test_one_difference_alone_is_honoured(stage: Stage, name: str) -> None:
    assert await find_difference(stage, stage.keeping, DIFFERENCES[name], await list_titles(stage)) == []


def between_viewers(stage: Stage, fields: str, one: int, other: int) -> Difference:
    first, second = [{**HERE, **in_region(stage.services, stage.viewers[number], "US")} for number in (one, other)]
    return Difference(fields, first, second)


@pytest.mark.parametrize(
    "fields", ["isInMyList", "myRating", "progress { fraction }", "play { progress { position } }"]
)
async def test_another_profile_of_the_same_audience_gets_its_own(stage: Stage, fields: str) -> None:
    difference = between_viewers(stage, fields, 0, 1)
    assert await find_difference(stage, stage.keeping, difference, await list_titles(stage)) == []


async def test_another_audience_has_another_top_ten(stage: Stage) -> None:
    difference = between_viewers(stage, "badges", 0, 2)
    assert await find_difference(stage, stage.keeping, difference, await list_titles(stage)) == []


async def test_what_stands_in_for_jpeg_where_it_must_be_transparent_is_the_devices_own(stage: Stage) -> None:
    """Both are shown JPEG; a logo needs another format, and only one of them has WebP."""
    viewer = stage.viewers[0]
    headers = []
    for formats in ("[JPEG]", "[JPEG, WEBP]"):
        device = await viewer.fetch(
            f"mutation {{ registerDevice(input: {{class: TV, capabilities: {{imageFormats: {formats}}}}}) {{ id }} }}"
        )
        own = in_region(stage.services, viewer, "US")
        headers.append({**own, "X-Device-Id": device["registerDevice"]["id"], "Accept": "application/json, image/jpeg"})
    difference = Difference("artwork(kind: LOGO) { format url }", *headers)
    assert await find_difference(stage, stage.keeping, difference, await list_titles(stage)) == []


@pytest.mark.parametrize(
    ("field", "reads", "name"),
    [
        ("badges", {Reads.DAY}, "region"),
        ("badges", {Reads.REGION, Reads.TOP_TEN}, "day"),
        ("badges", {Reads.REGION, Reads.DAY}, "audience"),
        ("artwork", {Reads.DEVICE_CLASS}, "image format"),
        ("artwork", {Reads.IMAGE_FORMAT}, "device class"),
        ("synopsis", set(), "room for text"),
        ("isInMyList", set(), "profile"),
    ],
)
async def test_a_field_that_declares_too_little_would_be_found(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, field: str, reads: set[Reads], name: str
) -> None:
    between = {
        "audience": between_viewers(stage, "badges", 0, 2),
        "profile": between_viewers(stage, "isInMyList", 0, 1),
    }
    for type_name in ("Movie", "Series"):
        declare_reads(monkeypatch, f"{type_name}.{field}", frozenset(reads))
    async with AsyncExitStack() as stack:
        keeping = await open_client(stack, build_app(stage.services))
        ids = await list_titles(stage)
        assert await find_difference(stage, keeping, (DIFFERENCES | between)[name], ids) != []
