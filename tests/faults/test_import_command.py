"""`bff import-catalog` beside a running `bff dev`: what it says, what it changes, and how fast the API follows."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bff.domain.ids import IdKind, derive_id
from tests.engines import Engines, temporary_database
from tests.faults.dev_process import COMMAND, Dev, clean_environment, dev
from tests.faults.processes import DEADLINE, run_to_end

HEADER = "show_id,type,title,director,cast,country,date_added,release_year,rating,duration,listed_in,description"
FILM = 's1,Movie,{name},Ann Lee,"Bea Fox, Cy Day",United States,"May 2, 2020",2012,PG,90 min,Dramas,A film.'
OTHER = 's2,TV Show,Count,,,United States,"May 1, 2020",2019,TV-G,2 Seasons,TV Dramas,Another.'
FILM_ID = derive_id(IdKind.TITLE, "netflix:s1")


@pytest.fixture(scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Dev]:
    async with dev(tmp_path_factory.mktemp("dev")) as running:
        yield running


def write_titles(path: Path, *rows: str) -> Path:
    path.write_text("\n".join([HEADER, *rows, ""]))
    return path


async def import_into(running: Dev, *paths: Path) -> tuple[int, str]:
    command = (*COMMAND, "import-catalog", *map(str, paths), "--data-dir", str(running.data_dir))
    code, said = await run_to_end(*command, environment=clean_environment())
    assert "Traceback" not in said
    return code, said


async def ask(url: str, query: str) -> dict[str, Any]:
    async with httpx.AsyncClient(base_url=url, timeout=DEADLINE, trust_env=False) as client:
        answer = (await client.post("/graphql", json={"query": query})).json()
    assert "errors" not in answer, answer
    data: dict[str, Any] = answer["data"]
    return data


async def read_name(url: str) -> str | None:
    title = (await ask(url, f'{{ title(id: "{FILM_ID}") {{ name }} }}'))["title"]
    return title and str(title["name"])


async def wait_until_named(url: str, name: str) -> None:
    async with asyncio.timeout(DEADLINE):
        while await read_name(url) != name:  # noqa: ASYNC110 -- what it waits for is in another process
            await asyncio.sleep(0.02)


async def find_names(url: str, words: str) -> list[str]:
    found = await ask(url, f'{{ search(query: "{words}") {{ edges {{ node {{ name }} }} }} }}')
    return [edge["node"]["name"] for edge in found["search"]["edges"]]


async def test_the_running_api_follows_a_changed_name(running: Dev, tmp_path: Path) -> None:
    for name, former in (("Quiet Harbour", "Zanzibar"), ("Zanzibar", "Quiet Harbour")):
        titles = write_titles(tmp_path / "titles.csv", FILM.format(name=name), OTHER)
        assert (await import_into(running, titles))[0] == 0
        await wait_until_named(running.url, name)
        assert await find_names(running.url, name) == [name]
        assert await find_names(running.url, former) == []


async def test_the_same_file_again_changes_nothing(running: Dev, tmp_path: Path) -> None:
    titles = write_titles(tmp_path / "titles.csv", FILM.format(name="Twice"), OTHER)
    first, again = [await import_into(running, titles) for _ in range(2)]
    assert first[0] == again[0] == 0
    assert "titles written" in first[1]
    assert "The catalogue is unchanged." in again[1]


async def test_a_bad_row_is_named_and_the_rest_goes_in(running: Dev, tmp_path: Path) -> None:
    titles = write_titles(tmp_path / "titles.csv", FILM.format(name="Beside a Bad Row"), "s9,Movie,Odd", OTHER)
    code, said = await import_into(running, titles)
    assert code == 0
    assert "Left out: titles.csv, line 3: has 3 fields where 12 belong." in said
    await wait_until_named(running.url, "Beside a Bad Row")


async def test_a_broken_file_is_explained_and_changes_nothing(running: Dev, tmp_path: Path) -> None:
    assert (await import_into(running, write_titles(tmp_path / "titles.csv", FILM.format(name="Kept"), OTHER)))[0] == 0
    await wait_until_named(running.url, "Kept")
    packed = gzip.compress(write_titles(tmp_path / "changed.csv", FILM.format(name="Lost")).read_bytes())
    broken = tmp_path / "broken.csv.gz"
    broken.write_bytes(packed[:-8])
    strange = tmp_path / "strange.csv"
    strange.write_text("name,year\nA,2000\n")
    for path, reason in ((broken, "is damaged"), (strange, "is no catalogue file"), (tmp_path, "cannot be read")):
        code, said = await import_into(running, path)
        assert code == 1
        assert "Nothing was changed." in said
        assert reason in said
    assert await read_name(running.url) == "Kept"
    assert "The catalogue is unchanged." in (await import_into(running, tmp_path / "titles.csv"))[1]


async def test_a_database_without_tables_is_sent_to_migrate(engines: Engines, tmp_path: Path) -> None:
    titles = write_titles(tmp_path / "titles.csv", OTHER)
    async with temporary_database(engines.database_url, "bare") as url:
        environment = {**clean_environment(), **engines.environment, "BFF_DATABASE_URL": url}
        code, said = await run_to_end(*COMMAND, "import-catalog", str(titles), environment=environment)
    assert code == 1
    assert "run `bff migrate` first" in said
    assert "Traceback" not in said
