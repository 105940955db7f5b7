"""A catalogue of three titles as its sources have it, and what imports such."""

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg

from bff.catalog.importer import ImportReport, import_catalogue
from bff.domain.ids import IdKind, derive_id

TODAY = date(2026, 11, 21)
LATER = date(2026, 12, 24)

HEADER = "show_id,type,title,director,cast,country,date_added,release_year,rating,duration,listed_in,description"
FILM = (
    's1,Movie,Solo,Ann Lee,"Bea Fox, Cy Day",India,"May 2, 2020",2012,PG,90 min,"Dramas, International Movies",A film.'
)
SERIES = 's2,TV Show,Pair,,Bea Fox,,"May 1, 2020",2019,TV-MA,3 Seasons,TV Dramas,A series.'
OTHER = 's3,TV Show,Count,,,Japan,"May 1, 2020",2019,,2 Seasons,TV Shows,Another.'
SHOW = {
    "id": 7,
    "name": "PAIR",
    "language": "English",
    "genres": ["Crime"],
    "premiered": "2015-01-10",
    "rating": {"average": 8.5},
    "_embedded": {
        "episodes": [
            {"id": 70, "season": 1, "number": 1, "name": "One", "airdate": "2015-01-10", "runtime": 50},
            {"id": 71, "season": 1, "number": 2, "name": "Two", "airdate": "2015-01-17", "summary": "<p>A &amp; B</p>"},
        ],
        "cast": [{"person": {"name": "Eli Roe"}, "character": {"name": "Zed"}}],
    },
}
ALONE = SHOW | {"id": 9, "name": "Alone", "_embedded": {"episodes": [], "cast": []}}
FILMS = "001::Solo (2012)::Drama|War\n"
RATINGS = "1::001::8::1377990000\n2::001::5::1378067265\n"


def title_id_of(key: str) -> str:
    return derive_id(IdKind.TITLE, key)


class Importer:
    """Writes small files and imports them."""

    def __init__(self, pool: asyncpg.Pool, folder: Path) -> None:
        self.pool = pool
        self.folder = folder
        self.told: list[str] = []

    async def __call__(
        self,
        rows: Sequence[str] = (),
        shows: Sequence[dict[str, Any]] = (),
        *,
        films: str = "",
        ratings: str = "",
        today: date = TODAY,
    ) -> ImportReport:
        paths = self.write(rows, shows, films=films, ratings=ratings)
        return await import_catalogue(self.pool, paths, today=today, report=self.told.append)

    def write(
        self, rows: Sequence[str] = (), shows: Sequence[dict[str, Any]] = (), *, films: str = "", ratings: str = ""
    ) -> list[Path]:
        """The files of the sources that are given, and of no others."""
        texts = {
            "titles.csv": "\n".join([HEADER, *rows, ""]) if rows else "",
            "shows.jsonl": "\n".join(json.dumps(show) for show in shows),
            "films.dat": films,
            "ratings.dat": ratings,
        }
        paths = [self.folder / name for name, text in texts.items() if text]
        for path in paths:
            path.write_text(texts[path.name], encoding="utf-8")
        return paths

    async def everything(self, *, today: date = TODAY) -> ImportReport:
        return await self([FILM, SERIES, OTHER], [SHOW], films=FILMS, ratings=RATINGS, today=today)
