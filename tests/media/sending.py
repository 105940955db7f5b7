"""Announces files to the graph and sends their parts, as an operator's program does."""

import hashlib
import struct
from typing import Any

import pytest

from bff.domain.uploads import MIB
from tests.media.masters import draw_master
from tests.media.stores import Studio

UPLOAD = "id state partBytes partCount arrivedCount parts { number offset sizeBytes hasArrived url }"
CREATE = f"""mutation ($input: CreateUploadInput!) {{ createUpload(input: $input) {{
    ... on Upload {{ {UPLOAD} }} ... on InvalidInput {{ fields {{ path }} }} }} }}"""
LOOK = f"query ($id: ID!) {{ upload(id: $id) {{ {UPLOAD} }} }}"
CANCEL = "mutation ($id: ID!) { cancelUpload(id: $id) { state arrivedCount parts { hasArrived url } } }"
NEXT = "query ($id: ID!, $after: Int) { upload(id: $id) { parts(after: $after) { number sizeBytes url } } }"
MISSING = "query ($id: ID!) { upload(id: $id) { parts(onlyMissing: true) { number } } }"
JOB = "id state percent workingOn error assetId fileName codecs preset isEncrypted playableId titleId estimatedEnd"
START = f"""mutation ($input: StartIngestInput!) {{ startIngest(input: $input) {{ __typename
    ... on IngestJob {{ {JOB} }} ... on UploadIncomplete {{ missing missingCount }}
    ... on InvalidInput {{ fields {{ path message }} }} }} }}"""
READ = f"query ($id: ID!) {{ ingestJob(id: $id) {{ {JOB} }} }}"
HERE = pytest.mark.parametrize("studio", ["folder"], indirect=True)
"""What the kind of store makes no difference to."""


@pytest.fixture(scope="session")
def sent_master(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Two seconds, and a box of nothing that makes it three parts long."""
    path = draw_master(tmp_path_factory.mktemp("masters") / "film.mp4", seconds=2)
    return path.read_bytes() + struct.pack(">I4s", 2 * MIB, b"free") + bytes(2 * MIB - 8)


async def announce(studio: Studio, content: bytes, name: str = "film.mp4", **asked: Any) -> dict[str, Any]:
    described = {
        "fileName": name,
        "sizeBytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "partBytes": MIB,
        **asked,
    }
    upload: dict[str, Any] = await studio.ask(CREATE, input=described)
    return upload


async def send(studio: Studio, content: bytes, upload: dict[str, Any]) -> None:
    for part in upload["parts"]:
        start = int(part["offset"])
        answer = await studio.put(part["url"], content[start : start + int(part["sizeBytes"])])
        assert answer.status_code in (200, 204), answer.text
