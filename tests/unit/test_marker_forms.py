"""The forms in which files of skip markers are read."""

from pathlib import Path

import msgspec
import pytest

from bff.catalog.markers import MarkerRow, read_file

ROWS = [
    {"playable_id": "tit_film", "kind": "INTRO", "start": 5.5, "end": 83.5},
    {"playable_id": "epi_pilot", "kind": "RECAP", "start": 0, "end": 30},
    {"playable_id": "tit_film", "kind": "CREDITS", "start": 5300, "end": 5400},
]
FORMS = {
    "csv": "playable_id,kind,start,end\n"
    + "tit_film,intro,5.5,1:23.5\n\nepi_pilot, RECAP ,0,30\ntit_film,CREDITS,1:28:20,1:30:00\n",
    "csv with other columns first": "end,start,kind,Playable_ID\r\n"
    + '83.5,5.5,INTRO,"tit_film"\r\n30,0,RECAP,epi_pilot\r\n5400,5300,CREDITS,tit_film\r\n',
    "json lines": "\n".join(msgspec.json.encode(row).decode() for row in ROWS),
    "json list": msgspec.json.encode(ROWS).decode(),
}


@pytest.mark.parametrize("form", FORMS)
def test_all_forms_say_the_same(tmp_path: Path, form: str) -> None:
    path = tmp_path / "markers"
    path.write_text(FORMS[form], encoding="utf-8")
    rows = read_file(path)
    assert [(row.playable_id, row.kind.upper(), row.start, row.end) for row in rows] == [
        tuple(row.values()) for row in ROWS
    ]
    assert all(isinstance(row, MarkerRow) and row.place.startswith(("line ", "entry ")) for row in rows)
