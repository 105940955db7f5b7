"""Files of skip markers: all that they name is set, or nothing, and every wrong line is told."""

import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from bff.catalog.files import CatalogueFileError
from bff.catalog.markers import import_markers
from bff.domain.ids import IdKind, derive_id
from bff.domain.video import SkipKind, SkipMarker
from bff.stores.postgres import open_pool
from bff.stores.videos import read_markers
from tests.api.small_catalogues import Importer, title_id_of
from tests.engines import Engines
from tests.faults.processes import run_to_end

FILM = title_id_of("netflix:s1")
EPISODE = derive_id(IdKind.EPISODE, "tvmaze:episode:70")
HEADER = "playable_id,kind,start,end\n"


@pytest.fixture
async def pool(database: Engines, tmp_path: Path) -> AsyncIterator[asyncpg.Pool]:
    """A film of 90 minutes, and a series with two episodes, of which one lasts 50."""
    pool = await open_pool(database.settings)
    await Importer(pool, tmp_path).everything()
    yield pool
    await pool.close()


def write(folder: Path, text: str) -> Path:
    path = folder / "markers.txt"
    path.write_text(text, encoding="utf-8")
    return path


async def read(pool: asyncpg.Pool, playable_id: str) -> list[SkipMarker]:
    async with pool.acquire() as connection:
        return await read_markers(connection, playable_id)


async def test_a_file_sets_the_markers_of_all_that_it_names(pool: asyncpg.Pool, tmp_path: Path) -> None:
    rows = f"{FILM},CREDITS,1:28:20,1:30:00\n{EPISODE},recap,0,30\n{FILM},INTRO,5.5,1:23.5\n"
    assert await import_markers(pool, write(tmp_path, HEADER + rows)) == {FILM: 2, EPISODE: 1}
    assert await read(pool, FILM) == [
        SkipMarker(SkipKind.INTRO, 5.5, 83.5),
        SkipMarker(SkipKind.CREDITS, 5300, 5400),
    ]
    assert await read(pool, EPISODE) == [SkipMarker(SkipKind.RECAP, 0, 30)]
    await import_markers(pool, write(tmp_path, HEADER + f"{FILM},RECAP,0,4\n"))
    assert await read(pool, FILM) == [SkipMarker(SkipKind.RECAP, 0, 4)]
    assert len(await read(pool, EPISODE)) == 1
    assert await pool.fetchval("SELECT count(*) FROM operator_action WHERE operator_id IS NULL") == 3


BAD = {
    f"{FILM},INTRO,5\n": "line 2: it has 3 columns, not 4.",
    f"{FILM},INTRO,five,10\n": "line 2: 'five' is no time",
    f"{FILM},OUTRO,5,10\n": "line 2: A kind is one of INTRO, RECAP, CREDITS, not 'OUTRO'.",
    f"{FILM},INTRO,10,5\n": "line 2: A marker starts at 0 seconds or later, and ends after it starts.",
    f"{FILM},INTRO,5,5401\n": "line 2: A marker ends at 5401 s, after what it marks: that lasts 5400 s.",
    f"{FILM},INTRO,5,10\n{FILM},INTRO,9,12\n": "line 3: Two markers of INTRO overlap at 9 s.",
    f"{title_id_of('netflix:s2')},INTRO,5,10\n": "line 2: 'tit_",
    "nothing,INTRO,5,10\n": "line 2: 'nothing' is no film, episode or trailer.",
}


async def test_every_wrong_line_is_told_and_nothing_changes(pool: asyncpg.Pool, tmp_path: Path) -> None:
    good = f"{EPISODE},INTRO,1,2\n"
    for rows, told in BAD.items():
        with pytest.raises(CatalogueFileError) as raised:
            await import_markers(pool, write(tmp_path, HEADER + rows + good))
        assert told in str(raised.value)
    both = f"{FILM},OUTRO,5,10\n{good}x,INTRO,1,2\n"
    with pytest.raises(CatalogueFileError, match=r"line 2: [\s\S]*line 4: "):
        await import_markers(pool, write(tmp_path, HEADER + both))
    for text in ("", HEADER, "id,kind\n", "[1, 2", '{"playable_id": "x"}', '[{"a": 1}]', "\xff\x00"):
        with pytest.raises(CatalogueFileError):
            await import_markers(pool, write(tmp_path, text))
    assert await pool.fetchval("SELECT count(*) FROM skip_marker") == 0
    assert await pool.fetchval("SELECT count(*) FROM outbox") == 1


async def test_the_command_edits_one_film(pool: asyncpg.Pool, database: Engines) -> None:
    environment = {**os.environ, **database.environment}

    async def run(*arguments: str) -> tuple[int, str]:
        return await run_to_end(sys.executable, "-m", "bff.cli", "markers", *arguments, environment=environment)

    assert await run("set", FILM, "intro", "5", "1:23.5") == (0, "")
    code, said = await run("set", FILM, "CREDITS", "5300", "5500")
    assert (code, said) == (
        1,
        "Error: Nothing was changed. A marker ends at 5500 s, after what it marks: that lasts 5400 s.\n",
    )
    code, said = await run("list", FILM)
    assert (code, said.splitlines()) == (0, ["playable_id,kind,start,end", f"{FILM},INTRO,5,83.5"])
