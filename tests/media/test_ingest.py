"""A master on its whole way, with real tools: what is published, what is refused, what is recognised."""

import hashlib
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

from bff.artwork.briefs import TitleBrief
from bff.artwork.photographs import fit_photograph, hash_photograph
from bff.artwork.sizes import ImageKind
from bff.artwork.urls import ImageName
from bff.domain.devices import ImageFormat
from bff.domain.ingest import IngestState, Preset
from bff.domain.video import AudioKind, Quality, Video
from bff.http.images import Gallery
from bff.media.commands import FFPROBE, run
from bff.stores.drawing_briefs import find_still
from bff.stores.ingest_tasks import take_task
from bff.stores.postgres import open_pool
from tests.engines import Engines
from tests.media.masters import draw_master, run_ffmpeg
from tests.media.workshop import add_film, asset_folder, open_shop, order, read_video, work
from workers.ingest_order import FilmOrder, TrackFile
from workers.transcode import work_on
from workers.workshop import Workshop

SRT = "1\r\n00:00:01,000 --> 00:00:02,000\r\nGrüße\r\n"


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_master(tmp_path_factory.mktemp("masters") / "film.mp4", "-ac", "6", rate="24000/1001", seconds=20)


@pytest.fixture
async def pool(database: Engines) -> AsyncIterator[asyncpg.Pool]:
    pool = await open_pool(database.settings)
    yield pool
    await pool.close()


@pytest.fixture
def shop(database: Engines, pool: asyncpg.Pool) -> Workshop:
    return open_shop(database, pool)


@pytest.fixture
async def film(pool: asyncpg.Pool) -> str:
    return await add_film(pool, "film")


async def test_a_master_becomes_a_stream(
    shop: Workshop, database: Engines, film: str, master: Path, tmp_path: Path
) -> None:
    (tmp_path / "film.de.srt").write_bytes(SRT.encode("cp1252"))
    dub = tmp_path / "dub.m4a"
    run_ffmpeg("-f", "lavfi", "-i", "sine=frequency=300:duration=12", "-c:a", "aac", str(dub))
    wanted = FilmOrder(
        path=master,
        title_id=film,
        preset=Preset.QUICK,
        subtitles=(TrackFile(tmp_path / "film.de.srt", "de"),),
        audio=(TrackFile(dub, "fr"), TrackFile(dub, "en", AudioKind.DESCRIPTION)),
    )
    job_id = await order(shop, wanted)
    job = await work(shop, job_id)
    assert (job.state, job.error) == (IngestState.DONE, None)
    video = await read_video(shop.pool, film)
    assert video.asset_id == job.asset_id
    assert video.duration == pytest.approx(20.02, abs=0.05)
    assert (video.segment_count, video.segment_duration) == (5, pytest.approx(4.004))
    assert [(rendition.quality, rendition.width, rendition.height) for rendition in video.renditions] == [
        (Quality.P240, 320, 180)
    ]
    assert [(track.folder, track.language, track.kind, track.channels) for track in video.audio] == [
        ("audio-en", "en", AudioKind.ORIGINAL, 2),
        ("audio-en-surround", "en", AudioKind.ORIGINAL, 6),
        ("audio-fr", "fr", AudioKind.DUBBED, 2),
        ("audio-en-description", "en", AudioKind.DESCRIPTION, 2),
    ]
    folder = asset_folder(database, video.asset_id)
    assert "Grüße" in (folder / video.subtitles[0].file).read_text()
    digests = json.loads((folder / "digests.json").read_text())
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    assert files.keys() - digests.keys() == {"digests.json"}
    for name in ("h264-240/00001.m4s", "audio-en/init.mp4", "text-de/00001.vtt", "thumbnails/001.jpg"):
        assert hashlib.sha256(files[name].read_bytes()).hexdigest() == digests[name]
    assert {f"stills/{number}.jpg" for number in (1, 2, 3)} == set(video.stills) <= files.keys()
    await check_still(shop, video, files["stills/1.jpg"].read_bytes())
    assert video.placeholder == hash_photograph(files["stills/1.jpg"].read_bytes())
    whole = tmp_path / "whole.mp4"
    parts = ["init.mp4", *(f"{number:05}.m4s" for number in range(1, 6))]
    whole.write_bytes(b"".join(files[f"h264-240/{part}"].read_bytes() for part in parts))
    await check_key_frames(whole)
    previews = database.data_dir / "objects" / "previews"
    assert {preview.width for preview in video.previews} == {320}
    for preview in video.previews:
        assert "audio" not in await probe(previews / preview.name, "stream=codec_type")
    assert not (database.data_dir / "objects" / "work").exists()
    assert not list(shop.scratch.iterdir())

    again = await order(shop, wanted)
    assert again == job_id
    assert await shop.pool.fetchval("SELECT count(*) FROM outbox WHERE topic = 'catalogue'") == 2


async def test_the_same_film_in_another_encoding_is_recognised(
    shop: Workshop, pool: asyncpg.Pool, film: str, master: Path, tmp_path: Path
) -> None:
    first = await work(shop, await order(shop, FilmOrder(path=master, title_id=film, preset=Preset.QUICK)))
    smaller = tmp_path / "smaller.webm"
    run_ffmpeg(
        *("-ss", "2", "-i", str(master), "-vf", "scale=200:112,eq=brightness=0.05", "-c:v", "libvpx", "-b:v", "300k"),
        *("-deadline", "realtime", "-an", str(smaller)),
    )
    other = draw_master(tmp_path / "other.mp4", "-vf", "hue=h=90,hflip,vflip,negate", seconds=12, sound=False)
    found = []
    for path in (smaller, other):
        title_id = await add_film(pool, path.name)
        job = await work(shop, await order(shop, FilmOrder(path=path, title_id=title_id, preset=Preset.QUICK)))
        assert job.state is IngestState.DONE
        found.append(job.resembles)
    assert found == [first.asset_id, None]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("text.mp4", "is no video that can be read: Invalid data .* Send it as MP4"),
        ("sound.mp4", "has no picture"),
        ("short.mp4", "cut short|cannot be read to its end"),
        ("headless.mp4", "its index is missing"),
        ("short.mkv", "cut short"),
    ],
)
async def test_what_can_never_be_a_video_is_refused_at_once(
    shop: Workshop, film: str, tmp_path: Path, name: str, reason: str
) -> None:
    path = tmp_path / name
    if name == "text.mp4":
        path.write_text("hello, this is no video at all\n" * 100)
    elif name == "sound.mp4":
        run_ffmpeg("-f", "lavfi", "-i", "sine=duration=2", "-c:a", "aac", str(path))
    else:
        draw_master(path, *(("-movflags", "+faststart") if name == "short.mp4" else ()))
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2])
    job = await work(shop, await order(shop, FilmOrder(path=path, title_id=film, preset=Preset.QUICK)))
    assert job.state is IngestState.FAILED
    assert job.error is not None
    assert re.search(reason, job.error), job.error
    assert "masters/" not in job.error
    assert await shop.pool.fetchval("SELECT tries FROM ingest_task") == 1
    assert await shop.pool.fetchval("SELECT state FROM video") == "FAILED"
    assert not list(shop.scratch.iterdir())


async def test_poison_is_parked_after_three_tries_with_what_ffmpeg_said(
    shop: Workshop, film: str, master: Path, database: Engines
) -> None:
    job_id = await order(shop, FilmOrder(path=master, title_id=film, preset=Preset.QUICK))
    while await shop.pool.fetchval("SELECT count(*) FROM ingest_task") == 1:
        await work_on_one(shop)
    [stored] = (database.data_dir / "objects" / "masters").iterdir()
    content = stored.read_bytes()
    stored.write_bytes(content[:2000] + bytes(len(content) // 2 - 2000) + content[len(content) // 2 :])
    for _ in range(3):
        await shop.pool.execute("UPDATE ingest_task SET due_at = $1", datetime.now(UTC))
        job = await work(shop, job_id)
    assert job.state is IngestState.FAILED
    assert job.error is not None
    assert "failed 3 times" in job.error
    assert re.search("(?i)invalid|error|corrupt", job.error), "the last lines of ffmpeg's output"
    assert len(job.error.splitlines()) <= 14


async def check_key_frames(whole: Path) -> None:
    """They stand on the grid in every chunk, and no frame is missing."""
    said = await probe(whole, "packet=pts_time,flags", "-select_streams", "v")
    packets = [line.split(",") for line in said.split()]
    assert len(packets) == 480
    keys = [float(packet[0]) for packet in packets if "K" in packet[1]]
    assert keys == pytest.approx([number * 4.004 for number in range(5)], abs=0.002)


async def check_still(shop: Workshop, video: Video, frame: bytes) -> None:
    """The film's picture in artwork is the frame, and no drawing."""
    brief = TitleBrief(version="1", name="film", release_year=2010, genre_slugs=(), still=find_still(video))
    name = ImageName(subject_id="tit_1", kind=ImageKind.STILL, version="1", width=240, format=ImageFormat.PNG)
    content = await Gallery(shop.objects, lambda _: brief).open(name)
    assert content is not None
    shown = fit_photograph(content, ImageKind.STILL, 240)
    taken = fit_photograph(frame, ImageKind.STILL, 240)
    assert shown is not None
    assert taken is not None
    assert shown.tobytes() == taken.tobytes()


async def work_on_one(shop: Workshop) -> None:
    task = await take_task(shop.pool, shop.name, datetime.now(UTC))
    assert task is not None
    await work_on(shop, task)


async def probe(path: Path, entries: str, *options: str) -> str:
    said = await run(
        (FFPROBE, "-v", "error", *options, "-show_entries", entries, "-of", "csv=p=0", str(path)), deadline=30
    )
    return said.decode()


async def test_each_title_gets_settings_of_its_own(shop: Workshop, film: str, tmp_path: Path) -> None:
    path = draw_master(tmp_path / "film.mp4", seconds=2, sound=False)
    job = await work(shop, await order(shop, FilmOrder(path=path, title_id=film)))
    assert (job.state, job.error) == (IngestState.DONE, None)
    video = await read_video(shop.pool, film)
    assert {rendition.name for rendition in video.renditions} == {"h264-240", "av1-240"}
    for rendition in video.renditions:
        assert rendition.vmaf is not None
        assert 20 < rendition.vmaf <= 100
    tried = json.loads(await shop.pool.fetchval("SELECT result FROM ingest_task WHERE name = 'h264-240/quality'"))
    assert [sample["crf"] for sample in tried] == [18, 23, 29]
    assert tried[0]["vmaf"] > tried[-1]["vmaf"]
    assert tried[0]["bitrate"] > tried[-1]["bitrate"]
