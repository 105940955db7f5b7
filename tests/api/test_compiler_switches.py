"""What guards the compiler: the check when a process starts, the switch, the shadow, and `bff explain`."""

import asyncio
import json
import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from starlette.applications import Starlette

from bff.app import build_app
from bff.cli import main
from bff.execution import generator
from bff.execution.runtime import Run
from bff.settings import Settings
from bff.stores.documents import publish_documents
from tests.http_server import serve_to_client
from tests.live import OPERATIONS, Client, Demo
from tests.schema_walk import declare_reads

HOME = Path(__file__).parent.parent / "contract" / "operations" / "home.graphql"
LISTED = "query Listed { browse(first: 3) { edges { node { id isInMyList } } } }"


def build(demo: Demo, **changes: object) -> Starlette:
    settings: Settings = msgspec.structs.replace(demo.services.settings, **changes)
    return build_app(replace(demo.services, settings=settings))


@asynccontextmanager
async def served(app: Starlette) -> AsyncIterator[Client]:
    async with serve_to_client(app) as http:
        yield Client(http)


async def read_metrics(client: Client) -> dict[str, float]:
    told = (await client.http.get("/metrics")).text
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in told.splitlines() if line[0] != "#"}


async def count(client: Client, line: str) -> float:
    return (await read_metrics(client)).get(line, 0.0)


async def until(client: Client, line: str, least: float) -> None:
    async with asyncio.timeout(10):
        while await count(client, line) < least:  # noqa: ASYNC110 - another task counts
            await asyncio.sleep(0.02)


# ---- when a process starts


async def test_a_good_compiler_passes_the_check_and_serves(demo: Demo) -> None:
    app = build(demo)
    await app.state.check_compiler()
    async with served(app) as client:
        assert await count(client, "bff_compiling") == 1
        assert await count(client, 'bff_executions_total{by="compiled"}') == 2


@pytest.mark.parametrize("fault", ["wrong", "broken", "never"])
async def test_a_compiler_that_fails_the_check_is_turned_off_loudly(
    demo: Demo, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    if fault == "wrong":
        monkeypatch.setattr(generator, "trust_attribute", lambda *_, **__: "'nonsense'")
    elif fault == "broken":
        monkeypatch.delattr(Run, "start")
    else:
        monkeypatch.setattr("bff.execution.plan.MAX_FIELDS", 3)
    app = build(demo)
    await app.state.check_compiler()
    monkeypatch.undo()
    assert [told.levelno for told in caplog.records if "nothing is compiled" in told.message] == [logging.CRITICAL]
    async with served(app) as client:
        told = await client.fetch(LISTED)
        assert told == await demo.visitor.fetch(LISTED)
        assert await count(client, "bff_compiling") == 0


async def test_compiling_can_be_turned_off(demo: Demo) -> None:
    app = build(demo, compile=False)
    await app.state.check_compiler()
    async with served(app) as client:
        for _ in range(3):
            assert await client.fetch(LISTED) == await demo.visitor.fetch(LISTED)
        assert not [line for line in await read_metrics(client) if line.startswith("bff_executions_total")]


# ---- in the shadow


async def test_a_shadow_finds_good_answers_alike(demo: Demo) -> None:
    viewer = await demo.make_viewer()
    async with served(build(demo, shadow_share=1.0)) as client:
        for number in range(1, 4):
            await replace(client, headers=viewer.headers).fetch(OPERATIONS["home"])
            await until(client, 'bff_shadow_total{outcome="alike"}', number)
        assert await count(client, 'bff_shadow_total{outcome="different"}') == 0


async def test_a_difference_is_counted_and_logged_by_its_document_and_never_shown(
    demo: Demo, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A field that belongs to a profile says here that it belongs to all."""
    for type_name in ("Movie", "Series"):
        declare_reads(monkeypatch, f"{type_name}.isInMyList", frozenset())
    one, other = await demo.make_viewer(), await demo.make_viewer()
    first = (await one.fetch(LISTED))["browse"]["edges"][0]["node"]["id"]
    await one.fetch("mutation ($id: ID!) { addToMyList(titleId: $id) { title { id } } }", id=first)
    await publish_documents(demo.services.pool, "shadow", "1", [LISTED])
    [document] = [
        row["hash"] for row in await demo.services.pool.fetch("SELECT hash FROM document WHERE body = $1", LISTED)
    ]
    async with served(build(demo, shadow_share=1.0)) as client:
        for number, viewer in enumerate([one, other]):
            body = {"documentId": f"sha256:{document}"}
            answer = await client.http.post("/graphql", json=body, headers=viewer.headers)
            assert set(answer.json()) == {"data"}
            outcome = ("alike", "different")[number]
            await until(client, f'bff_shadow_total{{outcome="{outcome}"}}', 1)
    [told] = [record.message for record in caplog.records if "differs" in record.message]
    assert told == (f"Listed, document {document}: compiled, the answer differs at data.browse.edges.0.node.isInMyList")
    assert first not in told


async def test_nothing_is_compared_unless_a_share_is_set(demo: Demo) -> None:
    async with served(build(demo)) as client:
        await client.fetch(LISTED)
        assert not [line for line in await read_metrics(client) if line.startswith("bff_shadow")]


# ---- bff explain


def run_explain(*arguments: str, **environment: str) -> str:
    result = CliRunner().invoke(main, ["explain", *arguments], env=environment)
    assert result.exit_code == 0, result.output
    return result.output


def test_explain_prints_the_plan_of_each_operation(tmp_path: Path) -> None:
    told = run_explain(str(HOME))
    assert re.match(r"query Home: cost [\d,]+\n  compiled: \d+ fields, \d+ of them called, [1-9]", told)
    assert re.search(r"on Movie  -- kept by id, reads .*DEVICE_CLASS", told)
    assert re.search(r"on RowEdge  -- not kept: .*\n(.*\n)+ *edges  -- kept as a whole list, reads .*REGION", told)
    undeclared = "for every request, within what is kept: it does not say what it reads"
    assert f"isInMyList  -- called once for all parents, {undeclared}" in told
    assert "genres  -- called once for all parents, its data is kept" in told
    assert "def complete(" not in told
    assert "def complete(" in run_explain(str(HOME), "--source", "--data-dir", str(tmp_path))


def test_explain_goes_by_the_switches_of_the_server(tmp_path: Path) -> None:
    told = run_explain(str(HOME), BFF_FRAGMENTS="0")
    assert told == run_explain(str(HOME), "--no-fragments")
    assert " 0 kinds of values kept as JSON" in told
    assert "edges  -- one list for all answers whose fields give the same, reads " in told
    assert "not kept" not in told
    file = tmp_path / "deferred.graphql"
    file.write_text("{ genres { id ... @defer { name } } }")
    assert run_explain(str(file), BFF_INCREMENTAL="1").endswith("executed by graphql-core: incremental delivery\n")


def test_explain_says_why_graphql_core_executes_an_operation(tmp_path: Path) -> None:
    file = tmp_path / "some.graphql"
    file.write_text("query One($x: Boolean!) { genres { id @skip(if: $x) } } mutation Two { logout a: logout }")
    assert run_explain(str(file)) == (
        "query One: cost 41\n  without $x\n  executed by graphql-core: invalid directive\n"
        "mutation Two: cost 2\n  executed by graphql-core: several mutations\n"
    )
    assert "compiled: 1 fields" in run_explain(str(file), "--variables", json.dumps({"x": True}))


@pytest.mark.parametrize("text", ["{ nothing }", "{", "{ genres { id } } fragment Unused on Genre { id }"])
def test_explain_refuses_what_the_server_would(tmp_path: Path, text: str) -> None:
    file = tmp_path / "bad.graphql"
    file.write_text(text)
    result = CliRunner().invoke(main, ["explain", str(file)])
    assert (result.exit_code, result.output.startswith("Error: ")) == (1, True)
