"""Finds out what a master is, and refuses what can never become a video, in words that say why."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from bff.domain.ladder import keep_key_frames
from bff.domain.masters import Master, MasterAudio
from bff.domain.title_changes import LONGEST_FILM
from bff.media.commands import FFPROBE, MediaError, Refused, run, run_ffmpeg

DEADLINE = 600.0
"""Seconds that reading all packets of the longest master takes."""
MOST_RATE = 60
_SHORT_BY = 1.5
"""Seconds that a picture may end before its file says it does."""
_LISTS = frozenset({"concat", "concatf", "dash", "hls", "imf"})
"""Formats of ffmpeg that read what other files hold: a master is one file, and names no other."""
_TRANSFERS_OF_HDR = frozenset({"smpte2084", "arib-std-b67"})
_LANGUAGES = {
    "ara": "ar", "chi": "zh", "cze": "cs", "dan": "da", "dut": "nl", "eng": "en", "fin": "fi", "fre": "fr",
    "ger": "de", "gre": "el", "heb": "he", "hin": "hi", "hun": "hu", "ita": "it", "jpn": "ja", "kor": "ko",
    "nor": "no", "pol": "pl", "por": "pt", "rus": "ru", "spa": "es", "swe": "sv", "tur": "tr", "ukr": "uk",
    "zho": "zh", "ces": "cs", "nld": "nl", "fra": "fr", "deu": "de", "ell": "el",
}  # fmt: skip


async def probe_master(path: Path) -> Master:
    """Look at a file as a whole. Raises Refused."""
    streams, container = await _read_streams(path)
    _refuse_still(str(container.get("format_name", "")))
    picture = _find_picture(streams)
    times, key_times = await _read_times(path, int(picture["index"]))
    await _decode_a_little(path, times)
    return describe_master(picture, streams, container, times, key_times)


async def probe_audio(path: Path, name: str) -> MasterAudio:
    """The first sound of a file that comes beside a master. Raises Refused, naming the file."""
    try:
        streams, _ = await _read_streams(path)
    except Refused as refusal:
        raise Refused(f"{name} holds no sound that can be decoded. {refusal}") from refusal
    found = _describe_audio(streams, 0.0)
    if not found:
        raise Refused(f"{name} holds no sound that can be decoded.")
    return found[0]


def describe_master(
    picture: Mapping[str, Any],
    streams: Sequence[Mapping[str, Any]],
    container: Mapping[str, Any],
    times: Sequence[float],
    key_times: Sequence[float] = (),
) -> Master:
    """From ffprobe's words and the times of all frames, and of those to begin with, in order. Raises Refused."""
    rate = _choose_rate(picture, times)
    started = times[0]
    is_variable = _is_variable(times, rate)
    length = times[-1] - started
    length += length / (len(times) - 1) if len(times) > 1 else float(1 / rate)
    _refuse_cut_short(picture, container, started, length)
    if length > LONGEST_FILM:
        raise Refused(f"The picture lasts {length / 3600:.0f} hours: send what is longer than a day in parts.")
    width, height = _measure(picture)
    master = Master(
        width=width,
        height=height,
        rate=rate.as_integer_ratio(),
        frame_count=max(1, round(length * rate)) if is_variable else len(times),
        picture_start=max(0.0, started - float(container.get("start_time") or 0)),
        is_variable=is_variable,
        longest_frame=max((after - before for before, after in pairwise(times)), default=0.0),
        is_hdr=picture.get("color_transfer") in _TRANSFERS_OF_HDR,
        is_interlaced=picture.get("field_order") in ("tt", "bb", "tb", "bt"),
        codec=str(picture.get("codec_name", "")),
        audio=tuple(_describe_audio(streams, started)),
    )
    key_frames = (round((moment - started) * rate) for moment in key_times)
    return replace(master, key_frames=keep_key_frames(key_frames, master.frame_count, rate, master.lead_in))


async def _read_streams(path: Path) -> tuple[list[Mapping[str, Any]], Mapping[str, Any]]:
    try:
        said = await run(
            (FFPROBE, "-v", "error", "-show_streams", "-show_format", "-of", "json", str(path)), deadline=60
        )
    except MediaError as error:
        if "moov atom not found" in str(error):
            raise Refused(
                "The file is cut short, or was never finished: its index is missing. Send it again."
            ) from error
        raise Refused(
            f"The file is no video that can be read: {_read_last_words(error, path)}. Send it as MP4, MOV, MKV or WebM."
        ) from error
    found = msgspec.json.decode(said)
    container = found.get("format", {})
    if _LISTS.intersection(container.get("format_name", "").split(",")):
        raise Refused("The file is a list of other files, and holds nothing of its own. Send these instead.")
    return found.get("streams", []), container


def _read_last_words(error: Exception, path: Path) -> str:
    """Of a command that failed; where the file lies here tells nobody anything."""
    words = (str(error).splitlines() or ["it took too long"])[-1]
    return words.replace(f"{path}: ", "").replace(str(path), "the file").rstrip(".")


def _refuse_still(formats: str) -> None:
    """`formats` as ffprobe names them: `mov,mp4,m4a`."""
    if formats == "image2" or formats.endswith("_pipe"):
        raise Refused("The file is a still picture, and no video.")


def _find_picture(streams: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    pictures = [
        stream
        for stream in streams
        if stream.get("codec_type") == "video" and not stream.get("disposition", {}).get("attached_pic")
    ]
    if not pictures:
        raise Refused("The file has no picture: a video needs one.")
    picture = pictures[0]
    if not picture.get("width") or not picture.get("height") or picture.get("codec_name") in (None, "unknown"):
        raise Refused(
            "The picture is in a coding that cannot be decoded here. Export it as H.264, HEVC, AV1 or ProRes."
        )
    return picture


async def _read_times(path: Path, index: int) -> tuple[list[float], list[float]]:
    """When each frame is shown, in seconds, in order; and those that a decoder can begin with."""
    try:
        said = await run(
            (
                *(FFPROBE, "-v", "error", "-select_streams", str(index)),
                *("-show_entries", "packet=pts_time,dts_time,flags", "-of", "csv=p=0", str(path)),
            ),
            deadline=DEADLINE,
        )
    except MediaError as error:
        raise Refused(f"The file cannot be read to its end: {_read_last_words(error, path)}. Send it again.") from error
    times: list[float] = []
    key_times: list[float] = []
    for line in said.decode().splitlines():
        shown, decoded, flags, *_ = [*line.split(","), "N/A", "N/A", ""]
        moment = shown if shown not in ("N/A", "") else decoded
        if moment not in ("N/A", ""):
            times.append(float(moment))
            if "K" in flags:
                key_times.append(float(moment))
    if not times:
        raise Refused("The file holds no frame of its picture: it is cut short. Send it again.")
    return sorted(times), sorted(key_times)


async def _decode_a_little(path: Path, times: Sequence[float]) -> None:
    """A few frames from the beginning: what fails here fails everywhere."""
    try:
        decoded = await run_ffmpeg(
            (*("-i", str(path), "-map", "0:V:0", "-frames:v", "3"), *("-f", "framecrc", "-")), deadline=60
        )
    except (MediaError, TimeoutError) as error:
        raise Refused(f"The picture cannot be decoded: {_read_last_words(error, path)}.") from error
    if not any(line and not line.startswith(b"#") for line in decoded.splitlines()) and times:
        raise Refused("The picture cannot be decoded: no frame came out of it.")


def _choose_rate(picture: Mapping[str, Any], times: Sequence[float]) -> Fraction:
    """What the file says, where its frames are that far apart; else the mean. At most `MOST_RATE`."""
    length = times[-1] - times[0]
    mean = Fraction(len(times) - 1) / Fraction(length).limit_denominator(1_000_000) if length > 0 else Fraction(25)
    said = [
        rate
        for name in ("r_frame_rate", "avg_frame_rate")
        if (rate := _read_fraction(str(picture.get(name, "0/0")))) and 1 <= rate <= 240
    ]
    near = [rate for rate in said if abs(rate / mean - 1) < Fraction(1, 100)]
    rate = (near or [_round_rate(mean)])[0]
    while rate > MOST_RATE:
        rate /= 2
    return max(rate, Fraction(1))


def _round_rate(mean: Fraction) -> Fraction:
    """The usual rate next to it, within a twentieth; else the whole number."""
    usual = [Fraction(24000, 1001), *map(Fraction, (24, 25)), Fraction(30000, 1001), *map(Fraction, (30, 50))]
    usual += [Fraction(60000, 1001), Fraction(60), Fraction(15), Fraction(12), Fraction(10)]
    nearest = min(usual, key=lambda rate: abs(rate - mean))
    return nearest if abs(nearest / mean - 1) < Fraction(1, 20) else Fraction(max(1, round(mean)))


def _is_variable(times: Sequence[float], rate: Fraction) -> bool:
    """Whether a frame is more than half a frame off the grid."""
    interval = float(1 / rate)
    return any(abs(moment - times[0] - number * interval) > interval / 2 for number, moment in enumerate(times))


def _refuse_cut_short(picture: Mapping[str, Any], container: Mapping[str, Any], started: float, length: float) -> None:
    tags = picture.get("tags", {})
    said = picture.get("duration") or _read_clock(str(tags.get("DURATION", ""))) or None
    promised = float(said) if said is not None else None
    if promised is None and container.get("duration") and picture.get("nb_frames") is None:
        promised = float(container["duration"]) - max(0.0, started - float(container.get("start_time") or 0))
    if promised is not None and length < promised - max(_SHORT_BY, 0.02 * promised):
        raise Refused(
            f"The file is cut short: it says that its picture lasts {promised:.1f} s, and ends after {length:.1f} s. "
            "Send it again."
        )


def _measure(picture: Mapping[str, Any]) -> tuple[int, int]:
    """In square pixels, upright."""
    width, height = int(picture["width"]), int(picture["height"])
    shape = _read_fraction(str(picture.get("sample_aspect_ratio", "1:1")).replace(":", "/"))
    if shape and Fraction(1, 5) <= shape <= 5:
        width = round(width * shape)
    turned = [int(data["rotation"]) for data in picture.get("side_data_list", ()) if "rotation" in data]
    return (height, width) if turned and turned[0] % 180 else (width, height)


def _describe_audio(streams: Sequence[Mapping[str, Any]], picture_start: float) -> list[MasterAudio]:
    heard = [stream for stream in streams if stream.get("codec_type") == "audio"]
    return [
        MasterAudio(
            index=index,
            channels=int(stream.get("channels") or 2),
            start=round(float(stream.get("start_time") or picture_start) - picture_start, 6),
            language=read_language(str(stream.get("tags", {}).get("language", ""))),
            is_description=bool(stream.get("disposition", {}).get("visual_impaired")),
        )
        for index, stream in enumerate(heard)
        if stream.get("codec_name") not in (None, "unknown") and int(stream.get("channels") or 0)
    ]


def read_language(tag: str) -> str | None:
    """BCP 47 of what a file says (ISO 639-2); None for what says nothing."""
    word = tag.strip().lower()
    if word in ("", "und", "mis", "mul", "zxx"):
        return None
    return _LANGUAGES.get(word, word if 2 <= len(word) <= 3 and word.isalpha() else None)


def _read_fraction(text: str) -> Fraction | None:
    try:
        return Fraction(text) or None
    except (ValueError, ZeroDivisionError):
        return None


def _read_clock(text: str) -> float | None:
    """Seconds of a Matroska tag like 00:01:10.542000000."""
    parts = text.split(":")
    try:
        return int(parts[0]) * 3600 + int(parts[1]) * 60 + float(parts[2])
    except (ValueError, IndexError):
        return None
