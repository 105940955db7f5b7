"""GraphiQL in headless Chromium, on the real application: what a newcomer does first."""

import json
from typing import Any

import pytest

from tests.browser.driving import Drive


@pytest.fixture(scope="module")
async def report(drive: Drive, live_app: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the driver saw; `screenshot` is the path of its picture."""
    screenshot = tmp_path_factory.mktemp("graphiql") / "home.png"
    return {**await drive("graphiql", f"{live_app}/graphql", screenshot), "screenshot": screenshot}


def test_page_loads_nothing_from_elsewhere_and_without_complaint(report: dict[str, Any]) -> None:
    assert report["title"] == "Marquee · GraphiQL"
    assert report["foreignRequests"] == []
    assert report["failedRequests"] == []
    assert report["consoleErrors"] == []


def test_headers_hold_the_token_minted_for_the_page(report: dict[str, Any]) -> None:
    for headers in (json.loads(report["headers"]), json.loads(report["reloaded"]["headers"])):
        assert headers["Authorization"].startswith("Bearer ey")
        assert headers["X-Device-Class"] == "WEB"


def test_explorer_and_documentation_list_the_graph(report: dict[str, Any]) -> None:
    assert {"home", "search", "title", "viewer", "myList"} <= set(report["explorerFields"])
    assert "query: Query" in report["documentation"]


def test_every_tab_runs_with_data_and_no_errors(report: dict[str, Any]) -> None:
    runs = {run["tab"]: run for run in report["runs"]}
    assert list(runs) == ["Home", "Search", "Title", "Play", "SignIn"]
    for run in runs.values():
        assert run["errors"] == []
        assert '"data"' in run["pane"]
    assert runs["Home"]["data"]["home"]["rows"]["edges"]
    assert runs["Search"]["data"]["search"]["edges"]
    assert runs["Title"]["data"]["title"]["name"]
    assert runs["Play"]["data"]["startPlayback"]["__typename"] == "NotReady"
    assert runs["SignIn"]["data"]["login"]["__typename"] == "Session"


def test_tabs_outlive_a_reload(report: dict[str, Any]) -> None:
    assert report["reloaded"]["tabs"] == report["tabs"]


def test_screenshot_is_taken(report: dict[str, Any]) -> None:
    assert report["screenshot"].read_bytes().startswith(b"\x89PNG")
