import json
from pathlib import Path

import httpx
import pytest
from graphql import build_schema, parse, validate
from starlette.applications import Starlette
from starlette.requests import Request

from bff.http.graphiql import MintToken
from bff.http.watch import OPERATIONS, know_watch_documents, watch_route

CONTRACT = Path(__file__).parents[1] / "contract/schema.graphql"
CONFIG = '<script type="application/json" id="page-config">'


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    (tmp_path / "watch").mkdir()
    (tmp_path / "watch/index.html").write_text(f"<title>Marquee</title>{CONFIG}{{}}</script><body></body>")
    return tmp_path


async def mint_token(_: Request) -> str | None:
    return "header.payload.signature"


async def get(dist: Path, mint: MintToken | None) -> httpx.Response:
    app = Starlette(routes=[watch_route(dist, mint, account="premium@example.com")])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://marquee") as client:
        return await client.get("/watch/ttl_sintel")


def read_config(html: str) -> dict[str, str]:
    config: dict[str, str] = json.loads(html.partition(CONFIG)[2].partition("</script>")[0])
    return config


async def test_page_opens_with_a_token_where_one_is_minted(dist: Path) -> None:
    signed_in = read_config((await get(dist, mint_token)).text)
    asking = read_config((await get(dist, None)).text)
    assert (signed_in["token"], signed_in["account"]) == ("header.payload.signature", "premium@example.com")
    assert asking.keys() == {"endpoint", "documents"}


async def test_page_runs_no_script_but_its_own(dist: Path) -> None:
    response = await get(dist, mint_token)
    policy = response.headers["content-security-policy"].split("; ")
    assert response.headers["cache-control"] == "no-store"
    assert {"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"} <= set(policy)


async def test_page_sends_operations_that_are_published_with_it(dist: Path) -> None:
    async def find_none(_: str) -> str | None:
        return None

    find = know_watch_documents(find_none)
    documents: dict[str, str] = json.loads((await get(dist, None)).text.partition(CONFIG)[2].partition("</")[0])[
        "documents"
    ]
    for name, document_id in documents.items():
        assert await find(document_id.removeprefix("sha256:")) == (OPERATIONS / f"{name}.graphql").read_text()
    assert await find("0" * 64) is None
    asked = "".join(path.read_text() for path in OPERATIONS.parent.glob("*.ts"))
    assert all(f'"{name}"' in asked for name in documents)


def test_operations_fit_the_contract() -> None:
    schema = build_schema(CONTRACT.read_text())
    operations = {path.stem: validate(schema, parse(path.read_text())) for path in OPERATIONS.glob("*.graphql")}
    assert operations == {
        name: [] for name in ("sign-in", "start-playback", "stop-playback", "switch-profile", "watch")
    }


async def test_missing_bundle_says_what_to_run(tmp_path: Path) -> None:
    response = await get(tmp_path, mint_token)
    assert response.status_code == 503
    assert "make setup" in response.text
    assert "header.payload.signature" not in response.text
