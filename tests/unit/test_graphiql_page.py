import json
from pathlib import Path

import httpx
import pytest
from graphql import parse, print_ast
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from bff.domain.ids import IdKind, derive_id
from bff.errors import Unavailable
from bff.http.bundle import asset_routes
from bff.http.graphiql import GraphiQLPage

WEB = Path(__file__).parents[2] / "web/graphiql"
CONTRACT = Path(__file__).parents[1] / "contract/operations"
CONFIG = '<script type="application/json" id="page-config">'


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets/index-BCR64LL_.js").write_text("export {};")
    (tmp_path / "graphiql").mkdir()
    page = f'<title>Marquee</title>{CONFIG}{{"endpoint": "/x"}}</script><body></body>'
    (tmp_path / "graphiql/index.html").write_text(page)
    return tmp_path


async def mint_token(_: Request) -> str | None:
    return "header.payload.signature"


async def get(page: GraphiQLPage, path: str, dist: Path | None = None, **headers: str) -> httpx.Response:
    app = Starlette(routes=[Route("/graphql", page.respond), *(asset_routes(dist) if dist else [])])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://marquee") as client:
        return await client.get(path, headers=headers)


def read_config(html: str) -> dict[str, str]:
    config: dict[str, str] = json.loads(html.partition(CONFIG)[2].partition("</script>")[0])
    return config


async def test_page_opens_with_a_token_that_no_cache_keeps(dist: Path) -> None:
    response = await get(GraphiQLPage(dist, mint_token, account="premium@example.com"), "/graphql")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert read_config(response.text) == {
        "endpoint": "/graphql",
        "token": "header.payload.signature",
        "account": "premium@example.com",
    }
    assert response.text.endswith("</script><body></body>")


async def test_page_runs_no_script_but_its_own(dist: Path) -> None:
    response = await get(GraphiQLPage(dist, mint_token), "/graphql")
    policy = response.headers["content-security-policy"].split("; ")
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy


async def test_token_cannot_end_the_script_element(dist: Path) -> None:
    token = "</script><script>alert(1)</script><!-- & \u2028"

    async def mint(_: Request) -> str:
        return token

    response = await get(GraphiQLPage(dist, mint), "/graphql")
    assert response.text.count("</script>") == 1
    assert "<!--" not in response.text
    assert read_config(response.text)["token"] == token


async def test_page_is_a_visitors_without_a_token(dist: Path) -> None:
    async def mint_none(_: Request) -> None:
        return None

    async def fail_to_mint(_: Request) -> str:
        raise Unavailable("PostgreSQL is away; try again in 5 seconds.")

    for mint in (mint_none, fail_to_mint):
        response = await get(GraphiQLPage(dist, mint, account="premium@example.com"), "/graphql")
        assert response.status_code == 200
        assert read_config(response.text) == {"endpoint": "/graphql"}


async def test_assets_are_kept_for_ever(dist: Path) -> None:
    page = GraphiQLPage(dist, mint_token)
    response = await get(page, "/web/assets/index-BCR64LL_.js", dist)
    assert response.headers["content-type"] == "text/javascript; charset=utf-8"
    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
    again = await get(page, "/web/assets/index-BCR64LL_.js", dist, **{"If-None-Match": response.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("path", ["/web/assets/none.js", "/web/assets/%2e%2e/index.html", "/web/"])
async def test_nothing_else_is_served(dist: Path, path: str) -> None:
    assert (await get(GraphiQLPage(dist, mint_token), path, dist)).status_code == 404


async def test_missing_bundle_says_what_to_run(tmp_path: Path) -> None:
    response = await get(GraphiQLPage(tmp_path / "dist", mint_token), "/graphql")
    assert response.status_code == 503
    assert "make setup" in response.text
    assert "header.payload.signature" not in response.text


def test_bundle_without_a_place_for_the_configuration_is_refused(tmp_path: Path) -> None:
    (tmp_path / "graphiql").mkdir()
    (tmp_path / "graphiql/index.html").write_text("<title>Other</title>")
    with pytest.raises(ValueError, match="make setup"):
        GraphiQLPage(tmp_path, mint_token)


@pytest.mark.parametrize(
    ("tab", "contract"), [("home", "home"), ("search", "search"), ("title", "title"), ("sign-in", "account")]
)
def test_tabs_ask_what_the_contract_asks(tab: str, contract: str) -> None:
    ours, theirs = (
        {print_ast(definition) for definition in parse(path.read_text()).definitions}
        for path in (WEB / f"operations/{tab}.graphql", CONTRACT / f"{contract}.graphql")
    )
    assert ours <= theirs


def test_title_tab_names_a_title_of_the_demo_catalogue() -> None:
    stranger_things = derive_id(IdKind.TITLE, "netflix:s3686")
    assert f'"{stranger_things}"' in (WEB / "tabs.ts").read_text()
