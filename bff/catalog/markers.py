"""Reads files of skip markers, and puts what they say in place of what there was; all of a file, or nothing."""

import csv
import io
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import asyncpg
import msgspec
from msgspec import Struct

from bff.catalog.files import CatalogueFileError
from bff.catalog.studio import changing
from bff.domain.title_changes import check_markers, read_marker
from bff.domain.video import SkipMarker
from bff.stores.operator_actions import note_action
from bff.stores.videos import read_durations, set_markers

COLUMNS = ("playable_id", "kind", "start", "end")
_MOST_TOLD = 20
_TIME = re.compile(r"(\d{1,2}:){0,2}\d{1,6}(\.\d{1,6})?", re.ASCII)


class MarkerRow(Struct, frozen=True):
    """One row as it stands in a file, at a `place` like line 3. `start` and `end` in seconds."""

    place: str
    playable_id: str
    kind: str
    start: float
    end: float


class _JsonRow(Struct, forbid_unknown_fields=True):
    playable_id: str
    kind: str
    start: float
    end: float


def read_file(path: Path) -> list[MarkerRow]:
    """CSV with the header `playable_id,kind,start,end`, or JSON: objects of those names, one a line or in a list.

    Raises CatalogueFileError, with every line that cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogueFileError(f"{path.name} cannot be read: {error}") from error
    faults: list[str] = []
    if text.lstrip().startswith(("[", "{")):
        rows = list(_read_json(_list_objects(path.name, text), faults))
    else:
        rows = list(_read_csv(path.name, text, faults))
    _refuse(path.name, faults)
    if not rows:
        raise CatalogueFileError(f"{path.name} has no markers.")
    return rows


async def import_markers(pool: asyncpg.Pool, path: Path) -> Mapping[str, int]:
    """Put a file's markers in place of those of all that it names; answers how many each has now, by playable.

    Raises CatalogueFileError, with every line that is wrong, and Unavailable while an import runs.
    """
    rows = read_file(path)
    async with changing(pool) as connection:
        durations = await read_durations(connection, sorted({row.playable_id for row in rows}))
        markers = check_rows(path.name, rows, durations)
        await set_markers(connection, markers)
        for playable_id, marked in markers.items():
            await note_action(connection, None, "bff markers", playable_id, {"markers": marked})
    return {playable_id: len(marked) for playable_id, marked in markers.items()}


def check_rows(
    name: str, rows: Sequence[MarkerRow], durations: Mapping[str, float | None]
) -> dict[str, list[SkipMarker]]:
    """The markers by playable; `durations` are those of all that plays.

    Raises CatalogueFileError, with every line that is wrong.
    """
    faults: list[str] = []
    found: defaultdict[str, list[SkipMarker]] = defaultdict(list)
    for row in rows:
        if row.playable_id not in durations:
            faults.append(f"{row.place}: {row.playable_id!r} is no film, episode or trailer.")
            continue
        try:
            marker = read_marker(row.kind.upper(), row.start, row.end, durations[row.playable_id])
            check_markers([*found[row.playable_id], marker])
        except ValueError as error:
            faults.append(f"{row.place}: {error}")
        else:
            found[row.playable_id].append(marker)
    _refuse(name, faults)
    return dict(found)


def read_seconds(text: str) -> float:
    """Seconds as `83.5`, `1:23.5` or `0:01:23.5`. Raises ValueError."""
    if not _TIME.fullmatch(text.strip()):
        raise ValueError(f"{text!r} is no time: write seconds, like 83.5, or 1:23.5.")
    seconds = 0.0
    for part in text.split(":"):
        seconds = seconds * 60 + float(part)
    return seconds


def _read_csv(name: str, text: str, faults: list[str]) -> Iterator[MarkerRow]:
    reader = csv.reader(io.StringIO(text))
    header = [cell.strip().lower() for cell in next(reader, [])]
    if sorted(header) != sorted(COLUMNS):
        raise CatalogueFileError(f"{name} is neither JSON nor begins with the header {','.join(COLUMNS)}.")
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(COLUMNS):
            faults.append(f"line {reader.line_num}: it has {len(cells)} columns, not {len(COLUMNS)}.")
            continue
        row = dict(zip(header, map(str.strip, cells), strict=True))
        try:
            start, end = read_seconds(row["start"]), read_seconds(row["end"])
        except ValueError as error:
            faults.append(f"line {reader.line_num}: {error}")
        else:
            yield MarkerRow(f"line {reader.line_num}", row["playable_id"], row["kind"], start, end)


def _list_objects(name: str, text: str) -> Iterator[tuple[str, bytes]]:
    """What is read as one object each, with its place."""
    if text.lstrip().startswith("{"):
        lines = enumerate(text.splitlines(), 1)
        return ((f"line {number}", line.encode()) for number, line in lines if line.strip())
    try:
        entries = msgspec.json.decode(text, type=list[msgspec.Raw])
    except msgspec.DecodeError as error:
        raise CatalogueFileError(f"{name} is no JSON: {error}.") from error
    return ((f"entry {number}", bytes(entry)) for number, entry in enumerate(entries, 1))


def _read_json(objects: Iterator[tuple[str, bytes]], faults: list[str]) -> Iterator[MarkerRow]:
    for place, written in objects:
        try:
            row = msgspec.json.decode(written, type=_JsonRow)
        except msgspec.DecodeError as error:
            faults.append(f"{place}: {error}.")
        else:
            yield MarkerRow(place, row.playable_id, row.kind, row.start, row.end)


def _refuse(name: str, faults: Sequence[str]) -> None:
    if not faults:
        return
    more = [f"… and {len(faults) - _MOST_TOLD} more."] if len(faults) > _MOST_TOLD else []
    raise CatalogueFileError("\n".join([f"{name}:", *faults[:_MOST_TOLD], *more]))
