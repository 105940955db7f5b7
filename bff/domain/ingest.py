"""What becomes of a master: the job, the tasks it is done in, and the rules of their order. No I/O."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from bff.domain.devices import VideoCodec
from bff.domain.video import AudioKind, SubtitleKind

MOST_SUBTITLE_BYTES = 8 * 2**20
"""Subtitles are read whole: those of the longest film are a tenth of this."""
MOST_TRIES = 3
"""How often a task is begun before it counts as poison, and its job as failed."""
LEASE = timedelta(seconds=15)
"""How long a worker has a task without a word; then another takes it."""
HEARTBEAT = 2.0
"""Seconds between two words of a worker about its task."""


class IngestState(StrEnum):
    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"


class TaskState(StrEnum):
    """PARKED is what failed too often, or can never succeed."""

    WAITING = "WAITING"
    RUNNING = "RUNNING"
    DONE = "DONE"
    PARKED = "PARKED"


class TaskKind(StrEnum):
    """In the order of a job: what a task needs is whole once all tasks of lower stages are done."""

    RECEIVE = "RECEIVE"
    PROBE = "PROBE"
    SAMPLE = "SAMPLE"
    PLAN = "PLAN"
    CHUNK = "CHUNK"
    AUDIO = "AUDIO"
    EXTRAS = "EXTRAS"
    PACKAGE = "PACKAGE"

    @property
    def stage(self) -> int:
        return _STAGES[self]


_STAGES = {
    TaskKind.RECEIVE: 0,
    TaskKind.PROBE: 1,
    TaskKind.SAMPLE: 2,
    TaskKind.PLAN: 3,
    TaskKind.CHUNK: 4,
    TaskKind.AUDIO: 4,
    TaskKind.EXTRAS: 4,
    TaskKind.PACKAGE: 5,
}


class Preset(StrEnum):
    """QUICK: three rungs at set qualities, in one go a chunk. STANDARD: every rung, its quality found for the title."""

    QUICK = "QUICK"
    STANDARD = "STANDARD"


class Priority(StrEnum):
    """What waits with a higher one goes first, whatever came before."""

    LOW = "LOW"
    NORMAL = "NORMAL"
    HIGH = "HIGH"

    @property
    def rank(self) -> int:
        return list(Priority).index(self)


def read_codecs(names: Iterable[str], preset: Preset) -> tuple[VideoCodec, ...]:
    """What to encode besides H.264, which is always made and stands first; names in any case.

    Raises ValueError, in words for who named them.
    """
    wanted = {VideoCodec.H264: None}
    for name in names:
        try:
            wanted[VideoCodec(name.strip().upper().replace(".", ""))] = None
        except ValueError:
            known = ", ".join(codec.lower() for codec in VideoCodec)
            raise ValueError(f"{name.strip() or 'An empty name'} is no codec that is made here: {known}.") from None
    if preset is Preset.QUICK and len(wanted) > 1:
        raise ValueError("The quick preset makes H.264 alone: leave it out, or the other codecs.")
    return tuple(wanted)


class SourceFile(Struct, frozen=True, kw_only=True):
    """A file in the object store; `key` is where, `sha256` in hexadecimal, `name` what its owner calls it."""

    key: str
    sha256: str
    name: str


class SubtitleSource(Struct, frozen=True, kw_only=True):
    """SRT or WebVTT in any encoding; `language` is a BCP 47 tag."""

    file: SourceFile
    language: str
    kind: SubtitleKind = SubtitleKind.SUBTITLES


class AudioSource(Struct, frozen=True, kw_only=True):
    """A file whose first audio track begins with the picture; `language` is a BCP 47 tag."""

    file: SourceFile
    language: str
    kind: AudioKind = AudioKind.DUBBED


class IngestOrder(Struct, frozen=True, kw_only=True):
    """What is to be made: with the master's content it says what comes out.

    `language` is that of the master's own sound, where the file does not say.
    """

    preset: Preset = Preset.STANDARD
    codecs: tuple[VideoCodec, ...] = (VideoCodec.H264, VideoCodec.AV1)
    language: str = "en"
    is_encrypted: bool = False
    subtitles: tuple[SubtitleSource, ...] = ()
    audio: tuple[AudioSource, ...] = ()


class IngestJob(Struct, frozen=True, kw_only=True):
    """One master on its way. `share` of its work is done, 0..1; `working_on` names what is under way, like `h264-720`.

    `asset_id` names what it becomes.
    `error` says in words why a job failed or what it waits for; `resembles` is the asset whose picture this one is.
    """

    id: str
    playable_id: str
    title_id: str
    source: SourceFile
    order: IngestOrder
    priority: Priority
    state: IngestState
    share: float
    working_on: tuple[str, ...]
    error: str | None
    asset_id: str
    resembles: str | None
    queued_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def percent(self) -> float:
        return round(100 * self.share, 1)

    @property
    def file_name(self) -> str:
        return self.source.name

    @property
    def sha256(self) -> str:
        return self.source.sha256

    @property
    def preset(self) -> Preset:
        return self.order.preset

    @property
    def codecs(self) -> tuple[VideoCodec, ...]:
        return self.order.codecs

    @property
    def is_encrypted(self) -> bool:
        return self.order.is_encrypted

    def estimate_end(self, now: datetime) -> datetime | None:
        """When it will be done if the rest takes its time like what is done; None while nothing can be said."""
        if self.state is not IngestState.RUNNING or self.started_at is None or self.share < 0.02:
            return None
        return now + (now - self.started_at) * ((1 - self.share) / self.share)


class Task(Struct, frozen=True, kw_only=True):
    """What a worker took: `name` is unique within the job, `spec` what the kind needs, as JSON.

    `attempt` counts the takings; with the id it is the worker's title to it.
    """

    id: int
    job_id: str
    kind: TaskKind
    name: str
    spec: str
    attempt: int
    tries: int


class PlannedTask(Struct, frozen=True, kw_only=True):
    """`weight` is the work that is expected, in seconds of one core."""

    kind: TaskKind
    name: str
    spec: str = "{}"
    weight: float


class ReceiveSpec(Struct, frozen=True):
    """Which upload is to be put together."""

    upload_id: str


UNKNOWN = 0.02
"""What counts as done of a master at most, while nobody knows how much there is to do."""


def sum_share(tasks: Iterable[tuple[float, float]], *, is_probed: bool) -> float:
    """The share of the work that is done, of pairs of weight and share of that task."""
    total = done = 0.0
    for weight, share in tasks:
        total += weight
        done += weight * share
    share = done / total if total else 0.0
    return share if is_probed else share * UNKNOWN
