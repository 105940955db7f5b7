"""Clients that were released go on working: the contract's operations, published as a client's documents, hold to the
served schema and run by their ids."""

import asyncio
import os
import sys
from pathlib import Path

import httpx
import pytest
from msgspec.structs import replace

from bff.app import build_app, open_services
from bff.http.released import DocumentCheck
from bff.settings import DocumentPolicy
from bff.stores.documents import find_document, hash_document, publish_documents, read_released_documents
from bff.stores.postgres import open_pool
from schema.build import build_schema
from schema.costs import COSTS
from tests.engines import Engines
from tests.http_server import serve_to_client
from tests.live import OPERATIONS, Demo

FILES = sorted((Path(__file__).parent / "operations").glob("*.graphql"))
COMMAND = ("documents", "publish", "--client", "tv", "--version", "1.0")


async def run_command(engines: Engines, *arguments: str, **settings: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bff.cli", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, **engines.environment, **settings},
    )
    async with asyncio.timeout(60):
        output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


async def test_a_clients_operations_are_published_by_the_command(database: Engines, tmp_path: Path) -> None:
    paths = [str(path) for path in FILES]
    code, output = await run_command(database, *COMMAND, *paths)
    assert code == 0, output
    for path in FILES:
        assert f"sha256:{hash_document(path.read_text())}" in output
    assert "SignIn, SwitchProfile, Gate" in output
    assert (await run_command(database, *COMMAND, *paths))[0] == 0

    broken = tmp_path / "broken.graphql"
    broken.write_text("query Broken { nothingOfThisName }")
    dear = tmp_path / "dear.graphql"
    dear.write_text("query Dear { browse(first: 75) { edges { node { " + "similar(first: 75) { edges { node { " * 2)
    dear.write_text(dear.read_text() + "id" + " } } }" * 3 + " }")
    twice = tmp_path / "twice.graphql"
    twice.write_text("mutation Twice { a: logout b: refreshToken(refreshToken: 1) { __typename } logout }")
    code, output = await run_command(database, *COMMAND, *paths, str(broken), str(dear), str(twice))
    assert code == 1
    assert "Nothing was published" in output
    assert "nothingOfThisName" in output
    assert "dear.graphql: The operation may cost" in output

    pool = await open_pool(database.settings)
    try:
        released = await read_released_documents(pool)
        await pool.execute("INSERT INTO document (hash, body) VALUES ('h', 'query Gone { goneSinceThen }')")
        await pool.execute("INSERT INTO document_release (client, version, hash) VALUES ('tv', '0.9', 'h')")
    finally:
        await pool.close()
    assert {document.hash for document in released} == {hash_document(path.read_text()) for path in FILES}
    assert {(document.client, document.version) for document in released} == {("tv", "1.0")}
    check = DocumentCheck(build_schema()._schema, COSTS)
    assert [fault for document in released for fault in check.find_faults(document.body)] == []

    parts = tmp_path / "parts.graphql"
    parts.write_text("query Parts { home { id ... @defer { rows { pageInfo { hasNextPage } } } } }")
    code, output = await run_command(database, *COMMAND, str(parts), BFF_INCREMENTAL="1")
    assert code == 0, output

    code, output = await run_command(database, "documents", "check", BFF_INCREMENTAL="1")
    assert code == 1
    assert "tv 0.9 sha256:h" in output
    assert "goneSinceThen" in output
    assert output.count("sha256:") == 1


@pytest.fixture(scope="module")
async def published(demo: Demo) -> dict[str, str]:
    """The ids of the contract's operations, by the file's name."""
    await publish_documents(demo.services.pool, "tests", "1", OPERATIONS.values())
    return {name: f"sha256:{hash_document(text)}" for name, text in OPERATIONS.items()}


async def test_a_hash_that_was_never_published_names_nothing(demo: Demo, published: dict[str, str]) -> None:
    assert await find_document(demo.services.pool, "0" * 64) is None
    assert await find_document(demo.services.pool, published["home"].removeprefix("sha256:")) == OPERATIONS["home"]


async def test_documents_run_by_their_ids_on_a_server_that_takes_no_texts(
    demo: Demo, published: dict[str, str]
) -> None:
    viewer = await demo.make_viewer()
    settings = replace(demo.services.settings, documents=DocumentPolicy.TRUSTED)
    async with open_services(settings) as services, serve_to_client(build_app(services)) as client:
        body = {"documentId": published["home"], "variables": {"rows": 2}}
        home = (await client.post("/graphql", json=body, headers=viewer.headers)).json()
        assert len(home["data"]["home"]["rows"]["edges"]) == 2
        refused = await client.post("/graphql", json={"query": OPERATIONS["home"]}, headers=viewer.headers)
        assert refused.json()["errors"][0]["extensions"]["code"] == "UNTRUSTED_DOCUMENT"


async def test_a_warm_process_asks_for_no_document_again(demo: Demo, published: dict[str, str]) -> None:
    viewer = await demo.make_viewer()
    for _ in range(2):
        statements = len(demo.statements)
        trips = demo.services.cache.round_trips
        body = {"documentId": published["home"]}
        answer = await demo.visitor.http.post("/graphql", json=body, headers=viewer.headers)
        assert "errors" not in answer.json()
    assert demo.statements[statements:] == []
    assert demo.services.cache.round_trips - trips == 1


async def test_a_visitors_page_may_be_held_by_a_shared_cache(demo: Demo, published: dict[str, str]) -> None:
    client = demo.visitor.http
    params = {"documentId": published["search"], "variables": '{"query": "love"}'}
    first = await client.get("/graphql", params=params)
    assert first.json()["data"]["search"]["edges"]
    assert first.headers["cache-control"] == "public, max-age=60"
    assert {"Authorization", "Accept", "Accept-Language", "X-Device-Class"} <= set(first.headers["vary"].split(", "))
    again = await client.get("/graphql", params=params, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304


async def test_a_viewer_revalidates_what_is_theirs(demo: Demo, published: dict[str, str]) -> None:
    viewer = await demo.make_viewer()

    async def get(**headers: str) -> httpx.Response:
        params = {"documentId": published["home"]}
        return await viewer.http.get("/graphql", params=params, headers={**viewer.headers, **headers})

    first = await get()
    assert first.headers["cache-control"] == "private, no-cache"
    again = await get(**{"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    title = first.json()["data"]["home"]["hero"]["title"]["id"]
    await viewer.fetch("mutation($id: ID!) {addToMyList(titleId: $id) {title {id}}}", id=title)
    changed = await get(**{"If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200
