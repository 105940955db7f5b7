"""Ingest jobs as operators see them in the graph: followed, and listed."""

import asyncio

from bff.domain.ids import IdKind, random_id
from tests.media.screening import pick_film
from tests.media.sending import HERE, READ, START, announce, send
from tests.media.stores import Studio
from tests.media.workshop import work
from tests.ws.sockets import open_socket
from tests.ws.test_sse import read_events

FOLLOW = "subscription ($id: ID!) { ingestProgress(id: $id) { state percent error } }"
LIST = """query ($first: Int, $after: String, $state: IngestState) { ingestJobs(first: $first, after: $after,
    state: $state) { edges { node { id state queuedAt } } pageInfo { hasNextPage endCursor } } }"""


@HERE
async def test_progress_is_followed_until_the_end(studio: Studio) -> None:
    """Of a file that is no video: it is known at once. By an event stream, and by a socket."""
    film, content = pick_film(studio.demo, skip=23), random_id(IdKind.ASSET).encode()
    upload = await announce(studio, content)
    await send(studio, content, upload)
    job = await studio.ask(START, input={"uploadId": upload["id"], "titleId": film.id, "preset": "QUICK"})
    body = {"query": FOLLOW, "variables": {"id": job["id"]}}
    headers = {**studio.operator.headers, "Accept": "text/event-stream"}
    following = asyncio.create_task(studio.operator.http.post("/graphql", json=body, headers=headers))
    async with open_socket(studio.demo.url) as socket:
        await socket.greet(authorization=studio.operator.headers["Authorization"])
        await socket.subscribe("job", FOLLOW, variables={"id": job["id"]})
        heard = [(await socket.hear())["payload"]["data"]["ingestProgress"]]
        assert heard == [{"state": "QUEUED", "percent": 0, "error": None}]
        await work(studio.shop, job["id"])
        while (message := await socket.hear())["type"] == "next":
            heard.append(message["payload"]["data"]["ingestProgress"])
        assert message == {"id": "job", "type": "complete"}
    events = read_events((await following).text)
    assert [event.name for event in events][-1] == "complete"
    for told in (heard, [event.result["data"]["ingestProgress"] for event in events[:-1]]):
        assert told[-1]["state"] == "FAILED"
        assert "is no video that can be read" in told[-1]["error"]
        assert (await studio.ask(READ, id=job["id"]))["error"] == told[-1]["error"]


@HERE
async def test_progress_is_for_operators(studio: Studio) -> None:
    viewer = await studio.demo.make_viewer()
    async with open_socket(studio.demo.url) as socket:
        await socket.greet(authorization=viewer.headers["Authorization"])
        await socket.subscribe("job", FOLLOW, variables={"id": "ing_none"})
        refused = await socket.hear()
        errors = refused["payload"]["errors"] if refused["type"] == "next" else refused["payload"]
        assert [error["extensions"]["code"] for error in errors] == ["FORBIDDEN"]


@HERE
async def test_jobs_are_paged_and_chosen_by_state(studio: Studio) -> None:
    for number in range(3):
        content = random_id(IdKind.ASSET).encode()
        upload = await announce(studio, content)
        await send(studio, content, upload)
        film = pick_film(studio.demo, skip=30 + number)
        await studio.ask(START, input={"uploadId": upload["id"], "titleId": film.id, "preset": "QUICK"})
    seen: list[str] = []
    after = None
    while True:
        page = await studio.ask(LIST, first=2, after=after, state="QUEUED")
        seen += [edge["node"]["id"] for edge in page["edges"]]
        assert {edge["node"]["state"] for edge in page["edges"]} == {"QUEUED"}
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    whole = await studio.ask(LIST, first=100)
    assert seen == [edge["node"]["id"] for edge in whole["edges"] if edge["node"]["state"] == "QUEUED"]
    assert len(seen) == len(set(seen)) >= 3
    times = [edge["node"]["queuedAt"] for edge in whole["edges"]]
    assert times == sorted(times, reverse=True)
    for query, variables in (
        (LIST, {"first": 101}),
        (LIST, {"first": -1}),
        (LIST, {"after": "x"}),
        ("query ($id: ID!) { upload(id: $id) { parts(first: 101) { number } } }", {"id": upload["id"]}),
    ):
        assert (await studio.operator.run(query, variables)).codes == ["BAD_USER_INPUT"]
    await studio.shop.pool.execute("DELETE FROM ingest_job WHERE state = 'QUEUED'")
