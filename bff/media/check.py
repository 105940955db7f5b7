"""Reads what was packaged as its players will, before anybody sees it: whole, in step, and as long as the picture."""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

from msgspec import Struct

from bff.media.commands import MediaError

_NAMESPACE = {"mpd": "urn:mpeg:dash:schema:mpd:2011"}
_DURATION = re.compile(r"#EXTINF:([0-9.]+)")


class Packaged(Struct, frozen=True, kw_only=True):
    """One track as its segments are: `codecs` by RFC 6381, bitrates in bits a second, `seconds` the sum of segments."""

    codecs: str
    bitrate: int
    average_bitrate: int
    segment_count: int
    seconds: float


def check_package(folder: Path, *, duration: float, segment_count: int) -> dict[str, Packaged]:
    """Every picture and sound by its folder. Raises MediaError where something is missing, empty or out of step."""
    found = {name: _measure(folder, name, codecs) for name, codecs in _read_codecs(folder / "manifest.mpd").items()}
    if not found:
        raise MediaError("The manifest lists no track")
    for name, track in found.items():
        is_picture = not name.startswith("audio-")
        if is_picture and track.segment_count != segment_count:
            raise MediaError(f"{name} has {track.segment_count} segments where {segment_count} belong")
        if abs(track.seconds - duration) > 0.5:
            raise MediaError(f"{name} lasts {track.seconds:.2f} s where the picture has {duration:.2f} s")
    _check_playlists(folder)
    return found


def hash_files(folder: Path) -> Mapping[str, str]:
    """SHA-256 of every file below, in hexadecimal, by its path."""
    return {path.relative_to(folder).as_posix(): _hash(path) for path in sorted(folder.rglob("*")) if path.is_file()}


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_codecs(manifest: Path) -> dict[str, str]:
    """Codecs by folder, of all that is no text."""
    tree = ElementTree.parse(manifest)  # noqa: S314 -- written by the packager a moment ago
    codecs: dict[str, str] = {}
    for representation in tree.iterfind(".//mpd:Representation", _NAMESPACE):
        template = representation.find("mpd:SegmentTemplate", _NAMESPACE)
        initial = template.get("initialization", "") if template is not None else ""
        named = representation.get("codecs", "")
        if initial and named != "wvtt":
            codecs[initial.partition("/")[0]] = named
    return codecs


def _measure(folder: Path, name: str, codecs: str) -> Packaged:
    playlist = (folder / f"{name}.m3u8").read_text(encoding="utf-8")
    lengths = [float(length) for length in _DURATION.findall(playlist)]
    listed = [line for line in playlist.splitlines() if line and not line.startswith("#")]
    sizes = [_require(folder / path) for path in listed]
    _require(folder / name / "init.mp4")
    if not sizes or len(sizes) != len(lengths):
        raise MediaError(f"The playlist of {name} is broken")
    rates = [8 * size / length for size, length in zip(sizes, lengths, strict=True) if length > 0.5] or [
        8 * sum(sizes) / sum(lengths)
    ]
    return Packaged(
        codecs=codecs,
        bitrate=round(max(rates)),
        average_bitrate=round(8 * sum(sizes) / sum(lengths)),
        segment_count=len(sizes),
        seconds=sum(lengths),
    )


def _check_playlists(folder: Path) -> None:
    for playlist in folder.glob("*.m3u8"):
        for line in playlist.read_text(encoding="utf-8").splitlines():
            if line and not line.startswith("#"):
                _require(folder / line)


def _require(path: Path) -> int:
    """Its size in bytes."""
    size = path.stat().st_size if path.is_file() else 0
    if not size:
        raise MediaError(f"{path.name} of {path.parent.name} is missing or empty")
    return size
