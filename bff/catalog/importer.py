"""Imports catalogue files: one transaction from files to tables, cards and the outbox."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from asyncpg import Pool
from msgspec import Struct

from bff.artwork.describe import DRAWING_REVISION
from bff.catalog.files import DEMO_FOLDER, BadRow, CatalogueFileError, SourceFile, SourceName, open_source
from bff.catalog.mappings import Mappings, compute_mappings_digest, read_mappings
from bff.catalog.merge import Calendar, collect_unknown_labels, merge_titles
from bff.catalog.open_films import OPEN_FILMS_FILE
from bff.catalog.rows import build_rows
from bff.catalog.sources import Sources, choose_shifts, read_files
from bff.stores.catalogue_import import (
    IMPORT_DEADLINE,
    StoredSource,
    TableRows,
    lock_catalogue,
    read_sources,
    replace_tables,
    write_source,
)
from bff.stores.postgres import Connection
from bff.stores.title_cards import rebuild_cards

RULES_REVISION = 1
"""Raised with every change to what an import makes of the same files, so that the next start imports them again."""

DEMO_FILES: tuple[Path, ...] = (
    DEMO_FOLDER / "catalog" / "netflix_titles.csv.gz",
    DEMO_FOLDER / "catalog" / "tvmaze_205shows.jsonl.gz",
    DEMO_FOLDER / "interactions" / "100K-movies.dat.gz",
    DEMO_FOLDER / "interactions" / "100K-ratings.dat.gz",
    OPEN_FILMS_FILE,
)

Report = Callable[[str], None]


class ImportReport(Struct, frozen=True, kw_only=True):
    """What an import did.

    `counts` are the rows of each table, empty where the files are `unchanged` since their last import. `written` and
    `removed` count the title cards that changed; `unknown_labels` are words of the sources that no table maps.
    """

    unchanged: bool
    counts: Mapping[str, int] = {}
    bad_rows: tuple[BadRow, ...] = ()
    unknown_labels: tuple[str, ...] = ()
    written: int = 0
    removed: int = 0


async def import_catalogue(pool: Pool, paths: Sequence[Path], *, today: date, report: Report) -> ImportReport:
    """Import these files, in any order, plain or gzipped; what source each is of, its content says.

    A source that is not among them stays as it was imported last. `today` is the day to which the dates of a source
    move at its first import, and means nothing later. `report` is told the progress in words.

    Raises CatalogueFileError, and then nothing has changed.
    """
    files = await asyncio.to_thread(_open_sources, paths)
    async with pool.acquire(timeout=IMPORT_DEADLINE) as connection, connection.transaction():
        await lock_catalogue(connection)
        result = await _import_files(connection, files, today, report)
    _tell(result, report)
    return result


async def _import_files(
    connection: Connection, files: Mapping[SourceName, SourceFile], today: date, report: Report
) -> ImportReport:
    stored = await read_sources(connection)
    salt = await asyncio.to_thread(_compute_salt)
    digests = {name: file.compute_digest(salt) for name, file in files.items()}
    if all(name in stored and stored[name].digest == digest for name, digest in digests.items()):
        return ImportReport(unchanged=True)

    report(f"Reading {', '.join(file.name for file in files.values())}.")
    kept = {SourceName(name): _reopen(source) for name, source in stored.items()}
    sources = await asyncio.to_thread(read_files, {**kept, **files})
    mappings = await asyncio.to_thread(read_mappings)
    shifts = choose_shifts(sources, today) | {SourceName(name): source.shift for name, source in stored.items()}
    calendar = Calendar(
        netflix=shifts[SourceName.NETFLIX],
        tvmaze=shifts[SourceName.TVMAZE],
        ratings=shifts[SourceName.RATINGS],
        open_films=shifts[SourceName.OPEN_FILMS],
        anchor=min((source.first_imported_on for source in stored.values()), default=today),
    )
    tables = await asyncio.to_thread(_build_tables, sources, calendar, mappings)
    counts = {table.table: len(table.rows) for table in tables}
    report(f"Writing {counts['title']:,} titles, {counts['episode']:,} episodes and {counts['credit']:,} credits.")
    await replace_tables(connection, tables)
    for name, file in files.items():
        first_day = stored[name].first_imported_on if name in stored else today
        source = StoredSource(name, file.name, digests[name], shifts[name], first_day, file.content)
        await write_source(connection, source, datetime.now(UTC))
    report("Putting the title cards together.")
    changes = await rebuild_cards(connection)
    given = {file.name for file in files.values()}
    return ImportReport(
        unchanged=False,
        counts=counts,
        bad_rows=tuple(row for row in sources.bad_rows if row.file in given),
        unknown_labels=tuple(collect_unknown_labels(sources, mappings)),
        written=len(changes.written),
        removed=len(changes.removed),
    )


def _open_sources(paths: Iterable[Path]) -> dict[SourceName, SourceFile]:
    files: dict[SourceName, SourceFile] = {}
    for path in paths:
        file = open_source(path)
        if other := files.get(file.source):
            raise CatalogueFileError(f"{file.name} and {other.name} are both of {file.source}: name one of them")
        files[file.source] = file
    return files


def _reopen(source: StoredSource) -> SourceFile:
    return SourceFile(SourceName(source.name), source.file_name, source.content)


def _compute_salt() -> bytes:
    return compute_mappings_digest() + f"{RULES_REVISION}.{DRAWING_REVISION}".encode()


def _build_tables(sources: Sources, calendar: Calendar, mappings: Mappings) -> list[TableRows]:
    return build_rows(merge_titles(sources, calendar, mappings), sources.ratings, calendar, mappings)


def _tell(result: ImportReport, report: Report) -> None:
    if result.unchanged:
        report("The catalogue is unchanged.")
        return
    for row in result.bad_rows:
        report(f"Left out: {row.file}, line {row.line}: {row.reason}.")
    for label in result.unknown_labels:
        report(f"Not in the mapping tables: {label}.")
    report(f"Imported: {result.written:,} titles written, {result.removed:,} removed.")
