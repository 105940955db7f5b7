"""Masters as they come: turned, stretched, uneven, bright, interlaced, silent, with sound that begins elsewhere."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import pytest
from PIL import Image

from bff.domain.devices import VideoCodec
from bff.domain.ingest import IngestOrder, Preset
from bff.domain.ingest_plan import plan_ingest
from bff.domain.ladder import Chunk, Rung, group_length, plan_chunks, plan_rungs
from bff.domain.masters import Master
from bff.domain.video import AudioKind
from bff.media.commands import FFPROBE, MediaError, Refused, run
from bff.media.encode import count_frames, encode_audio, encode_chunk, join_chunks
from bff.media.extras import cut_previews, take_stills
from bff.media.probe import probe_audio, probe_master
from tests.media.masters import draw_master, run_ffmpeg


async def encode(path: Path, master: Master, folder: Path, codecs: Sequence[VideoCodec] = ()) -> tuple[Rung, Path]:
    """The whole of the best rung of the last codec, from chunks of one group each."""
    rungs = plan_rungs(master, Preset.STANDARD, codecs)
    rung = next(rung for rung in rungs if rung.codec is rungs[-1].codec)
    parts = []
    for number, chunk in enumerate(plan_chunks(master.frame_count, master.frames_a_second, 1)):
        target = folder / str(number)
        target.mkdir()
        parts.append((await encode_chunk(path, master, chunk, [rung], target, preset=Preset.QUICK))[rung.name])
    whole = folder / "whole.mp4"
    await join_chunks(parts, whole)
    assert await count_frames(whole) == master.frame_count
    return rung, whole


async def probe(path: Path, entries: str) -> list[str]:
    command = (FFPROBE, "-v", "error", "-select_streams", "v", "-show_entries", entries, "-of", "csv=p=0", str(path))
    return [line.rstrip(",") for line in (await run(command, deadline=30)).decode().split()]


async def check_grid(path: Path, master: Master) -> None:
    """Every frame a frame's time after the last, a key where a group begins."""
    rate, group = master.frames_a_second, group_length(master.frames_a_second)
    packets = sorted(
        (float(line.split(",")[0]), line.split(",")[1][0]) for line in await probe(path, "packet=pts_time,flags")
    )
    assert [moment for moment, _ in packets] == pytest.approx(
        [float(number / rate) for number in range(len(packets))], abs=0.002
    )
    assert [number for number, (_, flag) in enumerate(packets) if flag == "K"] == list(range(0, len(packets), group))


@pytest.mark.parametrize("codec", [VideoCodec.H264, VideoCodec.AV1, VideoCodec.VP9, VideoCodec.HEVC])
async def test_chunks_join_without_a_seam(tmp_path: Path, codec: VideoCodec) -> None:
    path = draw_master(tmp_path / "film.mkv", size="128x72", rate="30000/1001", seconds=9, sound=False)
    master = await probe_master(path)
    assert (master.frames_a_second, master.frame_count) == (Fraction(30000, 1001), 270)
    _, whole = await encode(path, master, tmp_path, [codec])
    await check_grid(whole, master)


async def test_a_seam_shows_the_frame_that_is_next(tmp_path: Path) -> None:
    """Each frame of the master is one grey; decoded, frame n must be that of the master."""
    path = tmp_path / "grey.mp4"
    ramp = "color=c=black:s=64x64:r=24:d=9,geq=lum='16+mod(N,200)':cb=128:cr=128"
    run_ffmpeg("-f", "lavfi", "-i", ramp, "-c:v", "libx264", "-preset", "ultrafast", "-g", "37", "-qp", "4", str(path))
    master = await probe_master(path)
    _, whole = await encode(path, master, tmp_path)
    assert await read_greys(whole, tmp_path) == pytest.approx(await read_greys(path, tmp_path), abs=1.5)


async def read_greys(path: Path, folder: Path) -> list[int]:
    target = folder / "greys.raw"
    run_ffmpeg("-i", str(path), "-vf", "scale=1:1:flags=area,format=gray", "-f", "rawvideo", str(target))
    return list(target.read_bytes())


async def test_turned_and_stretched_pictures_come_out_upright_and_square(tmp_path: Path) -> None:
    plain = draw_master(tmp_path / "plain.mp4", "-vf", "setsar=4/3", size="120x100", seconds=1, sound=False)
    path = tmp_path / "turned.mp4"
    run_ffmpeg("-display_rotation", "90", "-i", str(plain), "-c", "copy", str(path))
    master = await probe_master(path)
    assert (master.width, master.height) == (100, 160)
    rung, whole = await encode(path, master, tmp_path)
    assert await probe(whole, "stream=width,height,sample_aspect_ratio") == [f"{rung.width},{rung.height},1:1"]
    assert (rung.width, rung.height) == (100, 160)


async def test_uneven_frames_are_put_on_the_grid_where_they_were(tmp_path: Path) -> None:
    path = tmp_path / "uneven.mkv"
    ramp = "color=c=black:s=64x64:r=24:d=10,geq=lum='16+N':cb=128:cr=128"
    drop = "select='lt(t,3)+gt(t,6)+not(mod(n,5))'"
    coding = ("-c:v", "libx264", "-preset", "ultrafast", "-qp", "4", "-g", "500", "-fps_mode", "vfr")
    run_ffmpeg("-f", "lavfi", "-i", ramp, "-vf", drop, *coding, str(path))
    master = await probe_master(path)
    assert master.is_variable
    _, whole = await encode(path, master, tmp_path)
    await check_grid(whole, master)
    greys = await read_greys(whole, tmp_path)
    assert len(greys) == master.frame_count
    rate = float(master.frames_a_second)
    for moment in (1.0, 4.5, 5.5, 8.0, 9.0):
        assert greys[round(moment * rate)] == pytest.approx(moment * 24 * 255 / 219, abs=8)


async def test_a_frame_that_stands_over_a_seam_is_shown_behind_it(tmp_path: Path) -> None:
    path = tmp_path / "standing.mkv"
    ramp = "color=c=black:s=64x64:r=24:d=9,geq=lum='16+N':cb=128:cr=128"
    coding = ("-c:v", "libx264", "-preset", "ultrafast", "-qp", "4", "-g", "500", "-fps_mode", "vfr")
    run_ffmpeg("-f", "lavfi", "-i", ramp, "-vf", "select='lt(t,3)+gt(t,5)'", *coding, str(path))
    master = await probe_master(path)
    assert master.longest_frame == pytest.approx(2, abs=0.2)
    _, whole = await encode(path, master, tmp_path)
    greys = await read_greys(whole, tmp_path)
    rate = float(master.frames_a_second)
    standing, seam = greys[round(3 * rate)], group_length(master.frames_a_second)
    assert greys[seam : seam + round(0.8 * rate)] == pytest.approx([standing] * round(0.8 * rate), abs=1.5)
    assert greys[round(6 * rate)] > standing + 50


@pytest.mark.parametrize("transfer", ["smpte2084", "arib-std-b67"])
async def test_bright_pictures_are_made_plain(tmp_path: Path, transfer: str) -> None:
    bright = draw_master(
        tmp_path / "bright.mp4",
        *("-vf", "format=yuv420p10le", "-pix_fmt", "yuv420p10le", "-c:v", "libx265", "-preset", "ultrafast"),
        *("-x265-params", f"log-level=error:colorprim=bt2020:transfer={transfer}:colormatrix=bt2020nc"),
        seconds=0.5,
        size="128x72",
        sound=False,
    )
    master = await probe_master(bright)
    assert master.is_hdr
    rung, whole = await encode(bright, master, tmp_path)
    assert rung.codec is VideoCodec.H264
    assert await probe(whole, "stream=pix_fmt,color_transfer") == ["yuv420p,bt709"]


async def test_interlaced_pictures_are_made_plain(tmp_path: Path) -> None:
    fields = ("-vf", "interlace", "-flags", "+ildct+ilme", "-c:v", "mpeg2video")
    woven = draw_master(tmp_path / "woven.mpg", *fields, "-c:a", "mp2", seconds=2, size="128x96", rate="50")
    master = await probe_master(woven)
    assert master.is_interlaced
    await encode(woven, master, tmp_path)


async def test_odd_sizes_and_short_silent_films(tmp_path: Path) -> None:
    path = draw_master(tmp_path / "odd.mkv", "-pix_fmt", "yuv444p", size="131x73", seconds=0.5, sound=False)
    master = await probe_master(path)
    assert master.audio == ()
    rung, _ = await encode(path, master, tmp_path)
    assert (rung.width % 2, rung.height % 2) == (0, 0)
    previews = await cut_previews(path, master, tmp_path)
    assert {preview.width for preview in previews} == {130}
    stills = await take_stills(path, master, tmp_path)
    with Image.open(stills[0]) as still:
        assert still.size == (130, 72)


@pytest.mark.parametrize("shift", [0.7, -0.7])
async def test_sound_stays_beside_the_picture(tmp_path: Path, shift: float) -> None:
    """Silence, then a tone from 2 s of its own track on: it must be heard where the shift of the track puts it."""
    path = tmp_path / "late.mkv"
    late = ("-itsoffset", str(shift)) if shift > 0 else ()
    early = ("-itsoffset", str(-shift)) if shift < 0 else ()
    run_ffmpeg(
        *(*early, "-f", "lavfi", "-i", "testsrc2=size=64x64:rate=24:duration=6"),
        *(*late, "-f", "lavfi", "-i", "sine=frequency=440:duration=6,volume='gt(t,2)':eval=frame"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", str(path)),
    )
    master = await probe_master(path)
    [sound] = master.audio
    assert sound.start == pytest.approx(shift, abs=0.05)
    target = tmp_path / "sound.mp4"
    await encode_audio(path, target, index=0, start=sound.start, duration=master.duration, channels=2)
    raw = tmp_path / "sound.raw"
    run_ffmpeg("-i", str(target), "-ac", "1", "-ar", "8000", "-f", "s16le", str(raw))
    heard = memoryview(raw.read_bytes()).cast("h")
    assert len(heard) / 8000 == pytest.approx(master.duration, abs=0.05)
    first = next(number for number, level in enumerate(heard) if abs(level) > 500)
    assert first / 8000 == pytest.approx(2 + shift, abs=0.06)


async def test_a_chunk_that_the_master_does_not_hold_is_an_error(tmp_path: Path) -> None:
    path = draw_master(tmp_path / "film.mp4", size="64x64", seconds=1, sound=False)
    master = await probe_master(path)
    rung = plan_rungs(master, Preset.QUICK, [])[0]
    with pytest.raises(MediaError, match="holds 12 frames where 24 belong"):
        await encode_chunk(path, master, Chunk(12, 24), [rung], tmp_path, preset=Preset.QUICK)


async def test_each_sound_is_found_with_its_language(tmp_path: Path) -> None:
    path = tmp_path / "sounds.mkv"
    tones = [word for pitch in (300, 400, 500) for word in ("-f", "lavfi", "-i", f"sine=frequency={pitch}:duration=1")]
    run_ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=size=64x64:rate=24:duration=1", *tones),
        *("-map", "0:v", "-map", "1:a", "-map", "2:a", "-map", "3:a", "-c:v", "libx264", "-preset", "ultrafast"),
        *("-c:a", "aac", "-ac:a:0", "6", "-ac:a:1", "2", "-ac:a:2", "1"),
        *("-metadata:s:a:0", "language=jpn", "-metadata:s:a:1", "language=ger", "-metadata:s:a:2", "language=ger"),
        *("-disposition:a:2", "visual_impaired", str(path)),
    )
    master = await probe_master(path)
    assert [(sound.language, sound.channels, sound.is_description) for sound in master.audio] == [
        ("ja", 6, False), ("de", 2, False), ("de", 1, True),
    ]  # fmt: skip
    plan = plan_ingest(master, [], IngestOrder())
    assert [(track.folder, track.language, track.kind, track.channels) for track in plan.audio] == [
        ("audio-ja", "ja", AudioKind.ORIGINAL, 2),
        ("audio-ja-surround", "ja", AudioKind.ORIGINAL, 6),
        ("audio-de", "de", AudioKind.DUBBED, 2),
        ("audio-de-description", "de", AudioKind.DESCRIPTION, 2),
    ]


async def test_a_picture_in_an_unknown_coding_is_refused(tmp_path: Path) -> None:
    known = draw_master(tmp_path / "known.avi", "-c:v", "mpeg4", size="64x64", seconds=0.5, sound=False)
    path = tmp_path / "unknown.avi"
    path.write_bytes(known.read_bytes().replace(b"FMP4", b"ZZZZ"))
    with pytest.raises(Refused, match=r"cannot be decoded here\. Export it as H\.264"):
        await probe_master(path)


@pytest.mark.parametrize(
    ("name", "script"),
    [
        ("list.mp4", "ffconcat version 1.0\nfile film.mp4\n"),
        ("list.ffconcat", "ffconcat version 1.0\nfile film.mp4\n"),
        ("list.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfilm.mp4\n#EXT-X-ENDLIST\n"),
        ("list.mp4", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:9/x.ts\n#EXT-X-ENDLIST\n"),
    ],
)
async def test_what_names_other_files_is_refused(tmp_path: Path, name: str, script: str) -> None:
    """It would have ffmpeg read whatever it names."""
    draw_master(tmp_path / "film.mp4", size="64x64", seconds=0.5)
    (tmp_path / name).write_text(script)
    with pytest.raises(Refused):
        await probe_master(tmp_path / name)
    with pytest.raises(Refused, match="dub holds no sound"):
        await probe_audio(tmp_path / name, "dub")


@pytest.mark.parametrize("name", ["still.png", "still.jpg", "still.mp4"])
async def test_a_still_is_refused(tmp_path: Path, name: str) -> None:
    Image.new("RGB", (64, 36)).save(tmp_path / name, "JPEG" if name == "still.mp4" else None)
    with pytest.raises(Refused, match="is a still picture"):
        await probe_master(tmp_path / name)
