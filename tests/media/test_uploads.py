"""Masters that operators send in parts: over the local store and over S3, until they play."""

import hashlib
from typing import Any

import pytest

from bff.domain.ids import IdKind, random_id
from bff.domain.ingest import MOST_SUBTITLE_BYTES, IngestState
from bff.domain.titles import MovieCard, SeriesCard
from bff.domain.uploads import MIB, MOST_BYTES, upload_folder
from bff.stores.objects import open_objects
from bff.stores.wrapping import Wrapping
from tests.demo_titles import find_card
from tests.media.screening import begin, catch_up, pick_film
from tests.media.sending import CANCEL, HERE, LOOK, MISSING, READ, START, announce, send
from tests.media.stores import Studio
from tests.media.workshop import work
from workers.ingest_upkeep import remove_uploads

SRT = "1\n00:00:00,500 --> 00:00:01,500\nGrüße\n".encode("cp1252")


async def test_a_master_comes_in_parts_and_plays(studio: Studio, sent_master: bytes) -> None:
    film = pick_film(studio.demo, skip=20)
    upload = await announce(studio, sent_master)
    parts = upload["parts"]
    assert (upload["state"], upload["partCount"], upload["arrivedCount"]) == ("OPEN", 3, 0)
    assert sum(part["sizeBytes"] for part in parts) == len(sent_master)
    subtitles = await announce(studio, SRT, "film.de.srt")
    await send(studio, SRT, subtitles)
    wanted = {
        "uploadId": upload["id"],
        "titleId": film.id,
        "preset": "QUICK",
        "subtitles": [{"uploadId": subtitles["id"], "language": "de", "kind": "CLOSED_CAPTIONS"}],
    }
    pieces = [sent_master[int(part["offset"]) :][: int(part["sizeBytes"])] for part in parts]
    for number, content in ((2, bytes(MIB)), (3, pieces[2]), (2, pieces[1])):
        assert (await studio.put(parts[number - 1]["url"], content)).status_code in (200, 204)
    assert [part["number"] for part in (await studio.ask(MISSING, id=upload["id"]))["parts"]] == [1]
    assert await studio.ask(START, input=wanted) == {
        "__typename": "UploadIncomplete", "missing": [1], "missingCount": 1
    }  # fmt: skip
    assert (await studio.put(parts[0]["url"], pieces[0])).status_code in (200, 204)
    job = await studio.ask(START, input=wanted)
    assert (job["__typename"], job["state"], job["percent"], job["isEncrypted"]) == ("IngestJob", "QUEUED", 0, True)
    assert (job["titleId"], job["playableId"], job["fileName"]) == (film.id, film.id, "film.mp4")
    taken = await studio.ask(LOOK, id=upload["id"])
    assert (taken["state"], taken["arrivedCount"], taken["parts"][0]["url"]) == ("TAKEN", 3, None)
    assert (await studio.ask(START, input=wanted))["id"] == job["id"]

    assert (await work(studio.shop, job["id"])).state is IngestState.DONE
    done = await studio.ask(READ, id=job["id"])
    assert (done["state"], done["percent"], done["workingOn"], done["error"]) == ("DONE", 100, [], None)
    assert (await studio.ask(LOOK, id=upload["id"]))["state"] == "RECEIVED"
    objects = open_objects(studio.settings)
    assert await objects.list_sizes(upload_folder(upload["id"])) == {}
    assert await objects.measure(f"masters/{hashlib.sha256(sent_master).hexdigest()}") == len(sent_master)
    whole = await objects.read(f"media/{done['assetId']}/text-de-captions.vtt")
    assert whole is not None
    assert "Grüße" in whole.decode()
    await check_playing(studio, film)
    await check_encryption(studio, done["assetId"])


async def check_playing(studio: Studio, film: MovieCard) -> None:
    """A manifest and a part of a segment, as players ask for them."""
    await catch_up(studio.demo)
    viewer = await studio.demo.make_viewer()
    base, http = await begin(viewer, film), studio.demo.visitor.http
    manifest = await http.get(f"{base}/manifest.mpd")
    assert manifest.status_code == 200
    assert b"h264-240" in manifest.content
    whole = await http.get(f"{base}/h264-240/00001.m4s")
    part = await http.get(f"{base}/h264-240/00001.m4s", headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, whole.content[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(whole.content)}"


async def check_encryption(studio: Studio, asset_id: str) -> None:
    """ISO/IEC 23001-7 in the files, and no key in the clear in the database."""
    for folder in ("h264-240", "audio-en"):
        init = await studio.shop.objects.read(f"media/{asset_id}/{folder}/init.mp4")
        assert init is not None
        scheme = init.index(b"schm")
        assert init[scheme + 8 : scheme + 12] == b"cbcs"
        assert (b"encv" if folder.startswith("h264") else b"enca") in init
    rows = await studio.shop.pool.fetch(
        "SELECT label, key_id, wrapped_key FROM content_key WHERE asset_id = $1 ORDER BY label", asset_id
    )
    assert [row["label"] for row in rows] == ["AUDIO", "SD"]
    wrapping = Wrapping(studio.settings.key_encryption_key)
    for row in rows:
        key = wrapping.unwrap(row["wrapped_key"], f"{asset_id} {row['label']} {row['key_id'].hex()}".encode())
        assert key is not None
        assert len(key) == 16
        assert key not in row["wrapped_key"]


async def test_another_file_than_announced_is_no_master(studio: Studio, sent_master: bytes) -> None:
    film = pick_film(studio.demo, skip=21)
    sha256 = hashlib.sha256(sent_master + b"else").hexdigest()
    upload = await announce(studio, sent_master, sha256=sha256)
    await send(studio, sent_master, upload)
    job = await studio.ask(START, input={"uploadId": upload["id"], "titleId": film.id, "preset": "QUICK"})
    assert (await work(studio.shop, job["id"])).state is IngestState.FAILED
    failed = await studio.ask(READ, id=job["id"])
    assert failed["state"] == "FAILED"
    assert "is not what was announced: its SHA-256 is" in failed["error"]
    assert await studio.shop.objects.measure(f"masters/{sha256}") is None
    again = await studio.ask(LOOK, id=upload["id"])
    assert (again["state"], again["arrivedCount"]) == ("OPEN", 3)
    assert (await studio.put(again["parts"][0]["url"], sent_master[:MIB])).status_code in (200, 204)
    assert (await studio.ask(START, input={"uploadId": upload["id"], "titleId": film.id}))["id"] != job["id"]
    await studio.shop.pool.execute("DELETE FROM ingest_job WHERE state = 'QUEUED'")


async def test_what_is_abandoned_goes(studio: Studio, sent_master: bytes) -> None:
    film = pick_film(studio.demo, skip=22)
    names = ("abandoned", "taken", "open")
    uploads = {name: await announce(studio, sent_master, name) for name in names}
    for upload in uploads.values():
        await send(studio, sent_master, upload)
    pool, objects = studio.shop.pool, studio.shop.objects
    job = await studio.ask(START, input={"uploadId": uploads["taken"]["id"], "titleId": film.id, "preset": "QUICK"})
    await pool.execute(
        "UPDATE upload SET expires_at = now() - interval '2 hours' WHERE file_name IN ('abandoned', 'taken')"
    )
    assert await remove_uploads({"pool": pool, "objects": objects}) == 1
    for name in names:
        held = await objects.list_sizes(upload_folder(uploads[name]["id"]))
        assert len(held) == (0 if name == "abandoned" else 3)
        assert (await studio.ask(LOOK, id=uploads[name]["id"]) is None) == (name == "abandoned")
    await pool.execute("UPDATE ingest_job SET state = 'FAILED' WHERE id = $1", job["id"])
    assert await remove_uploads({"pool": pool, "objects": objects}) == 1


async def test_what_is_cancelled_goes_and_begins_nothing(studio: Studio, sent_master: bytes) -> None:
    upload = await announce(studio, sent_master)
    await send(studio, sent_master, upload)
    start = {"input": {"uploadId": upload["id"], "titleId": pick_film(studio.demo, skip=26).id, "preset": "QUICK"}}
    for _ in range(2):
        assert await studio.ask(CANCEL, id=upload["id"]) == {
            "state": "CANCELLED", "arrivedCount": 0, "parts": [{"hasArrived": False, "url": None}] * 3
        }  # fmt: skip
    assert await studio.shop.objects.list_sizes(upload_folder(upload["id"])) == {}
    assert (await studio.operator.run(START, start)).codes == ["NOT_FOUND"]
    late = await studio.put(upload["parts"][0]["url"], sent_master[:MIB])
    if late.status_code != 200:  # what a store has signed it takes
        assert (late.status_code, "cancelled" in late.text) == (409, True)
    pool, objects = studio.shop.pool, studio.shop.objects
    await pool.execute("UPDATE upload SET expires_at = now() - interval '2 hours' WHERE id = $1", upload["id"])
    assert await remove_uploads({"pool": pool, "objects": objects}) == 1
    assert await objects.list_sizes(upload_folder(upload["id"])) == {}


@HERE
async def test_what_a_job_has_taken_is_not_cancelled(studio: Studio) -> None:
    content = random_id(IdKind.ASSET).encode()
    upload = await announce(studio, content)
    await send(studio, content, upload)
    job = await studio.ask(START, input={"uploadId": upload["id"], "titleId": pick_film(studio.demo, skip=27).id})
    assert (await studio.operator.run(CANCEL, {"id": upload["id"]})).codes == ["CONFLICT"]
    assert (await studio.ask(LOOK, id=upload["id"]))["state"] == "TAKEN"
    await studio.shop.pool.execute("DELETE FROM ingest_job WHERE id = $1", job["id"])


@HERE
@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ({"sizeBytes": MOST_BYTES + 1, "partBytes": None}, "input.sizeBytes"),
        ({"sizeBytes": 0}, "input.sizeBytes"),
        ({"sizeBytes": 1.5}, "input.sizeBytes"),
        ({"sha256": "0" * 63}, "input.sha256"),
        ({"fileName": "../film.mp4"}, "input.fileName"),
        ({"fileName": ""}, "input.fileName"),
        ({"partBytes": MIB - 1}, "input.partBytes"),
        ({"sizeBytes": MOST_BYTES, "partBytes": MIB}, "input.partBytes"),
    ],
)
async def test_what_cannot_be_sent_is_said(studio: Studio, asked: dict[str, Any], path: str) -> None:
    assert await announce(studio, b"film", **asked) == {"fields": [{"path": path}]}


@HERE
async def test_what_cannot_be_made_is_said(studio: Studio) -> None:
    content = random_id(IdKind.ASSET).encode()
    upload = await announce(studio, content)
    await send(studio, content, upload)
    large = await announce(studio, b"", sizeBytes=MOST_SUBTITLE_BYTES + 1)
    film, other = pick_film(studio.demo, skip=24), pick_film(studio.demo, skip=25)
    series = find_card(studio.demo, SeriesCard, lambda card: bool(card.seasons))
    for asked, path in (
        ({"titleId": "tit_none"}, "input.titleId"),
        ({"titleId": series.id}, "input.titleId"),
        ({"titleId": film.id, "episodeId": other.id}, "input.episodeId"),
        ({"titleId": film.id, "preset": "QUICK", "codecs": ["AV1"]}, "input.codecs"),
        ({"titleId": film.id, "language": "English"}, "input.language"),
        (
            {"titleId": film.id, "subtitles": [{"uploadId": upload["id"], "language": ""}]},
            "input.subtitles.0.language",
        ),
        (
            {"titleId": film.id, "subtitles": [{"uploadId": large["id"], "language": "de"}]},
            "input.subtitles.0.uploadId",
        ),
    ):
        refused = await studio.ask(START, input={"uploadId": upload["id"], **asked})
        assert [field["path"] for field in refused["fields"]] == [path], refused
    assert (await studio.ask(LOOK, id=upload["id"]))["state"] == "OPEN"
    gone = await studio.operator.run(START, {"input": {"uploadId": "upl_none", "titleId": film.id}})
    assert gone.codes == ["NOT_FOUND"]


@HERE
async def test_a_master_is_an_episode_or_a_trailer(studio: Studio) -> None:
    content = random_id(IdKind.ASSET).encode()
    upload = await announce(studio, content)
    await send(studio, content, upload)
    series = find_card(studio.demo, SeriesCard, lambda card: bool(card.seasons and card.seasons[0].episodes))
    episode = series.seasons[0].episodes[0]
    for asked, playable in (({"episodeId": episode.id}, episode.id), ({"isTrailer": True}, "tra_")):
        job = await studio.ask(START, input={"uploadId": upload["id"], "titleId": series.id, **asked})
        assert job["titleId"] == series.id
        assert job["playableId"].startswith(playable)
        assert job["codecs"] == ["H264", "AV1"]
    await studio.shop.pool.execute("DELETE FROM ingest_job WHERE state = 'QUEUED'")
