"""Packages encoded tracks as CMAF, once, for DASH and HLS; encrypts them where it is given keys."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from bff.domain.video import ContentKey, KeyLabel, SubtitleKind
from bff.media.commands import PACKAGER, run

ContentKeys = Mapping[KeyLabel, ContentKey]


class PictureInput(Struct, frozen=True, kw_only=True):
    """`label` says which key it is encrypted with."""

    path: Path
    folder: str
    label: KeyLabel


class AudioInput(Struct, frozen=True, kw_only=True):
    """`name` is for viewers, and may hold no comma nor equals sign."""

    path: Path
    folder: str
    language: str
    name: str
    is_description: bool = False
    is_main: bool = False


class TextInput(Struct, frozen=True, kw_only=True):
    """A file of WebVTT; `name` is for viewers."""

    path: Path
    folder: str
    language: str
    name: str
    kind: SubtitleKind = SubtitleKind.SUBTITLES


AnyInput = PictureInput | AudioInput | TextInput


async def package(
    inputs: Sequence[AnyInput], folder: Path, *, segment_seconds: float, language: str, keys: ContentKeys | None
) -> None:
    """Write both manifests, playlists and segments of all inputs below `folder`. Raises MediaError.

    `segment_seconds` is the length of a group of pictures, `language` the default one. With `keys` all but texts is
    encrypted by `cbcs`, and players are told by Widevine's, PlayReady's and the common pssh.
    """
    descriptors = [word for track in inputs for word in _describe(track, is_encrypted=keys is not None)]
    deadline = 120 + sum(track.path.stat().st_size for track in inputs) / 5_000_000
    options = (
        *("--segment_duration", f"{segment_seconds:.6f}", "--fragment_duration", f"{segment_seconds:.6f}"),
        *("--segment_sap_aligned", "--fragment_sap_aligned", "--generate_static_live_mpd"),
        *("--default_language", language, "--hls_playlist_type", "VOD", "--minloglevel", "2"),
        *("--mpd_output", "manifest.mpd", "--hls_master_playlist_output", "master.m3u8"),
    )
    secrets = folder.with_name("keys.flags")
    try:
        encryption = _describe_keys(keys, secrets) if keys is not None else ()
        await run((PACKAGER, *descriptors, *options, *encryption), deadline=deadline, folder=str(folder))
    finally:
        secrets.unlink(missing_ok=True)


def _describe(track: AnyInput, *, is_encrypted: bool) -> list[str]:
    folder = track.folder
    segments = f"init_segment={folder}/init.mp4,segment_template={folder}/$Number%05d$.m4s"
    match track:
        case PictureInput():
            label = f",drm_label={track.label}" if is_encrypted else ""
            return [
                f"in={track.path},stream=video,{segments},playlist_name={folder}.m3u8,"
                f"iframe_playlist_name={folder}_iframe.m3u8{label}"
            ]
        case AudioInput():
            label = f",drm_label={KeyLabel.AUDIO}" if is_encrypted else ""
            role = "description" if track.is_description else "main" if track.is_main else "dub"
            characteristics = (
                ",hls_characteristics=public.accessibility.describes-video" if track.is_description else ""
            )
            accessibility = (
                ",dash_accessibilities=urn:tva:metadata:cs:AudioPurposeCS:2007=1" if track.is_description else ""
            )
            return [
                f"in={track.path},stream=audio,lang={track.language},{segments},playlist_name={folder}.m3u8,"
                f"hls_group_id=audio,hls_name={track.name},dash_roles={role}{characteristics}{accessibility}{label}"
            ]
        case TextInput():
            role = {
                SubtitleKind.SUBTITLES: "subtitle",
                SubtitleKind.CLOSED_CAPTIONS: "caption",
                SubtitleKind.FORCED: "forced-subtitle",
            }[track.kind]
            forced = ",forced_subtitle=1" if track.kind is SubtitleKind.FORCED else ""
            common = f"in={track.path},stream=text,lang={track.language},dash_roles={role}{forced}"
            return [
                f"{common},segment_template={folder}/$Number%05d$.vtt,playlist_name={folder}.m3u8,hls_group_id=text,"
                f"hls_name={track.name},hls_only=1",
                f"{common},{segments},dash_only=1",
            ]


def _describe_keys(keys: ContentKeys, secrets: Path) -> tuple[str, ...]:
    """Keys are told by a file that only its owner reads: everybody on the machine may read a command line."""
    listed = ",".join(f"label={label}:key_id={key.key_id.hex()}:key={key.key.hex()}" for label, key in keys.items())
    secrets.touch(mode=0o600)
    secrets.write_text(f"--keys={listed}\n", encoding="ascii")
    return (
        *("--enable_raw_key_encryption", "--protection_scheme", "cbcs", "--clear_lead", "0"),
        *("--mp4_include_pssh_in_stream=false", f"--flagfile={secrets}"),
        *("--protection_systems", "Widevine,PlayReady,CommonSystem"),
    )
