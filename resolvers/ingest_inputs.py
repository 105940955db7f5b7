"""The input types of uploads and ingests."""

import strawberry

from bff.domain.devices import VideoCodec
from bff.domain.ingest import Preset, Priority
from bff.domain.video import AudioKind, SubtitleKind


@strawberry.input(
    description=(
        "A file that will be sent: up to 50 GiB, with the SHA-256 of the whole in hexadecimal. `partBytes` is how much "
        "each part has, 1 to 64 MiB; the server chooses well."
    )
)
class CreateUploadInput:
    file_name: str
    size_bytes: float
    sha256: str = strawberry.field(name="sha256")
    part_bytes: float | None = None


@strawberry.input(description="Subtitles that were uploaded; `language` is a BCP 47 tag.")
class SubtitleUploadInput:
    upload_id: strawberry.ID
    language: str
    kind: SubtitleKind | None = SubtitleKind.SUBTITLES


@strawberry.input(description="Sound in another language that was uploaded; `language` is a BCP 47 tag.")
class AudioUploadInput:
    upload_id: strawberry.ID
    language: str
    kind: AudioKind | None = AudioKind.DUBBED


@strawberry.input(
    description=(
        "What an uploaded master is, and what is made of it: the film `titleId`, one of its episodes, or a trailer of "
        "it. `codecs` are those besides H.264, by default the server's. `language` is that of the master's own sound, "
        "where the file does not say."
    )
)
class StartIngestInput:
    upload_id: strawberry.ID
    title_id: strawberry.ID
    episode_id: strawberry.ID | None = None
    is_trailer: bool | None = False
    preset: Preset | None = Preset.STANDARD
    codecs: list[VideoCodec] | None = None
    priority: Priority | None = Priority.NORMAL
    language: str | None = "en"
    is_encrypted: bool | None = True
    subtitles: list[SubtitleUploadInput] | None = None
    audio: list[AudioUploadInput] | None = None
