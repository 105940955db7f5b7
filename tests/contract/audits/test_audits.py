"""GraphQL over HTTP as the audits of npm `graphql-http` define it, each run against a real server."""

import asyncio
import json
from pathlib import Path

from bff.http.graphql import GraphQLEndpoint
from tests.api.http_schema import open_no_context, schema
from tests.http_server import serve

RUNNER = Path(__file__).with_name("run.mjs")
AUDITS = 61


async def run_audits(url: str) -> list[dict[str, str]]:
    process = await asyncio.create_subprocess_exec(
        "node", str(RUNNER), url, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    output, complaint = await process.communicate()
    assert process.returncode == 0, complaint.decode()
    results: list[dict[str, str]] = json.loads(output)
    return results


async def test_every_audit_passes():
    endpoint = GraphQLEndpoint(schema, open_no_context, development=True)
    async with serve(endpoint) as url:
        results = await run_audits(f"{url}/graphql")
    assert [result for result in results if result["status"] != "ok"] == []
    assert len(results) == AUDITS
