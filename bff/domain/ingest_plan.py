"""What is to be made of a master, decided once: renditions, chunks, tracks, and the tasks that make them. No I/O."""

from collections.abc import Iterable, Sequence
from fractions import Fraction

import msgspec
from msgspec import Struct

from bff.domain.devices import VideoCodec
from bff.domain.ingest import AudioSource, IngestOrder, PlannedTask, Preset, TaskKind
from bff.domain.ladder import CHUNK_SECONDS, Chunk, Rung, group_length, plan_chunks
from bff.domain.masters import Master, MasterAudio
from bff.domain.quality import choose_samples
from bff.domain.video import AudioKind, Quality

STEREO, SURROUND = 2, 6


class AudioPlan(Struct, frozen=True, kw_only=True):
    """One track of sound. `source` counts the order's audio files, None is the master; `index` its audio streams."""

    folder: str
    source: int | None
    index: int
    start: float
    language: str
    kind: AudioKind
    channels: int


class IngestPlan(Struct, frozen=True, kw_only=True):
    """`rungs` stand best first, `audio` the default first."""

    master: Master
    rungs: tuple[Rung, ...]
    chunks: tuple[Chunk, ...]
    audio: tuple[AudioPlan, ...]

    @property
    def segment_seconds(self) -> float:
        rate = self.master.frames_a_second
        return float(Fraction(group_length(rate)) / rate)


class ChunkSpec(Struct, frozen=True):
    """Which chunk of the plan, for which rungs by their names."""

    number: int
    rungs: tuple[str, ...]


class SampleSpec(Struct, frozen=True):
    """Which rung of the plan, by its name."""

    rung: str


class AudioSpec(Struct, frozen=True):
    """Which track of the plan."""

    number: int


def plan_ingest(
    master: Master, rungs: Sequence[Rung], order: IngestOrder, outside: Sequence[MasterAudio] = ()
) -> IngestPlan:
    """`outside` are the audio streams of the files that the order names, in its order."""
    return IngestPlan(
        master=master,
        rungs=tuple(rungs),
        chunks=tuple(
            plan_chunks(
                master.frame_count,
                master.frames_a_second,
                CHUNK_SECONDS[order.preset],
                key_frames=master.key_frames,
                lead_in=master.lead_in,
            )
        ),
        audio=tuple(_plan_audio(master.audio, order, outside)),
    )


def plan_tasks(plan: IngestPlan, preset: Preset) -> list[PlannedTask]:
    """What is left to do once the plan stands, the longest first, so that workers come to its end together; sound that
    takes less than a chunk fills what chunks leave.

    The rungs of a group are made from one decode of a chunk.
    """
    groups = group_rungs(plan.rungs)
    rate = plan.master.frames_a_second
    tasks = [
        PlannedTask(
            kind=TaskKind.CHUNK,
            name=f"{name}/{number + 1} of {len(plan.chunks)}",
            spec=_encode(ChunkSpec(number, tuple(rung.name for rung in rungs))),
            weight=float(chunk.count / rate) * weigh_rungs(rungs, preset),
        )
        for number, chunk in enumerate(plan.chunks)
        for name, rungs in groups.items()
    ]
    tasks += [
        PlannedTask(
            kind=TaskKind.AUDIO,
            name=track.folder,
            spec=_encode(AudioSpec(number)),
            weight=plan.master.duration * 0.03,
        )
        for number, track in enumerate(plan.audio)
    ]
    longest = max(task.weight for task in tasks if task.kind is TaskKind.CHUNK)
    tasks.sort(key=lambda task: (task.kind is TaskKind.AUDIO and task.weight < longest, -task.weight))
    extras = _EXTRAS_SECONDS * max(_COSTS[rung.quality] for rung in plan.rungs)
    tasks.append(PlannedTask(kind=TaskKind.EXTRAS, name="previews and stills", weight=extras))
    tasks.append(PlannedTask(kind=TaskKind.PACKAGE, name="package", weight=1 + plan.master.duration * 0.04))
    return tasks


def group_rungs(rungs: Iterable[Rung]) -> dict[str, list[Rung]]:
    """By codec, those of 2160 lines by themselves, under a name: several encoders of them would not fit into memory."""
    groups: dict[str, list[Rung]] = {}
    for rung in rungs:
        groups.setdefault(rung.name if rung.quality is Quality.P2160 else rung.codec.lower(), []).append(rung)
    return groups


def plan_samples(plan: IngestPlan, preset: Preset) -> list[PlannedTask]:
    """A task a rung that tries its settings, and the one that decides by them, which stands for all that comes then."""
    samples = sum(chunk.count for chunk in choose_samples(plan.master))
    seconds = float(samples / plan.master.frames_a_second)
    tasks = [
        PlannedTask(
            kind=TaskKind.SAMPLE,
            name=f"{rung.name}/quality",
            spec=_encode(SampleSpec(rung.name)),
            weight=3 * seconds * (weigh_rungs([rung], preset) + 0.5),
        )
        for rung in plan.rungs
    ]
    rest = sum(task.weight for task in plan_tasks(plan, preset))
    return [*tasks, PlannedTask(kind=TaskKind.PLAN, name="ladder", weight=rest)]


def weigh_rungs(rungs: Iterable[Rung], preset: Preset) -> float:
    """Seconds of one core that a second of picture takes, about."""
    return sum(_COSTS[rung.quality] * _CODEC_COSTS[rung.codec] for rung in rungs) * (
        1.0 if preset is Preset.QUICK else 3.0
    )


_COSTS = {
    Quality.P240: 0.13,
    Quality.P360: 0.16,
    Quality.P480: 0.2,
    Quality.P720: 0.3,
    Quality.P1080: 0.5,
    Quality.P2160: 2.0,
}
_EXTRAS_SECONDS = 24
"""Previews and stills take about as long as so much of the best rung, however long the master is."""
_CODEC_COSTS = {VideoCodec.H264: 1.0, VideoCodec.HEVC: 1.3, VideoCodec.VP9: 2.0, VideoCodec.AV1: 0.6}


def _plan_audio(
    streams: Sequence[MasterAudio], order: IngestOrder, outside: Sequence[MasterAudio]
) -> Iterable[AudioPlan]:
    """Each stream in stereo, and as it is where it has more: what nothing plays but few want stands behind."""
    taken: set[str] = set()
    own = [(None, stream, _name_kind(number, stream)) for number, stream in enumerate(streams)]
    given: list[tuple[int | None, MasterAudio, AudioKind]] = [
        (number, stream, source.kind) for number, (source, stream) in enumerate(zip(order.audio, outside, strict=True))
    ]
    for source, stream, kind in [*own, *given]:
        language = _find_language(stream, order, source)
        suffix = "-description" if kind is AudioKind.DESCRIPTION else ""
        for channels, mark in ((STEREO, ""), (SURROUND, "-surround")):
            if channels == SURROUND and stream.channels < SURROUND:
                continue
            folder = _name_folder(f"audio-{language.lower()}{suffix}{mark}", taken)
            yield AudioPlan(
                folder=folder,
                source=source,
                index=stream.index,
                start=stream.start if source is None else 0.0,
                language=language,
                kind=kind,
                channels=channels,
            )


def _find_language(stream: MasterAudio, order: IngestOrder, source: int | None) -> str:
    if source is not None:
        given: AudioSource = order.audio[source]
        return given.language
    return stream.language or order.language


def _name_kind(number: int, stream: MasterAudio) -> AudioKind:
    if stream.is_description:
        return AudioKind.DESCRIPTION
    return AudioKind.ORIGINAL if number == 0 else AudioKind.DUBBED


def _name_folder(wanted: str, taken: set[str]) -> str:
    folder, number = wanted, 1
    while folder in taken:
        number += 1
        folder = f"{wanted}-{number}"
    taken.add(folder)
    return folder


def _encode(spec: Struct) -> str:
    return msgspec.json.encode(spec).decode()
