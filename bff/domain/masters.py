"""What a master is, as the probe found it."""

from fractions import Fraction

from msgspec import Struct


class MasterAudio(Struct, frozen=True, kw_only=True):
    """`index` counts the audio streams of the file from 0; `start` is in seconds after the picture's first frame.

    `language` is a BCP 47 tag, None where the file does not say.
    """

    index: int
    channels: int
    start: float
    language: str | None = None
    is_description: bool = False


class Master(Struct, frozen=True, kw_only=True):
    """`width` and `height` are those of square pixels, upright; `rate` is the frames a second as a pair of integers.

    `picture_start` is in seconds on the file's clock, which begins at its first packet. Of a variable rate `rate` is
    the one that frames are put on, and `frame_count` what that makes.
    """

    width: int
    height: int
    rate: tuple[int, int]
    frame_count: int
    picture_start: float = 0.0
    is_variable: bool = False
    is_hdr: bool = False
    is_interlaced: bool = False
    codec: str = ""
    audio: tuple[MasterAudio, ...] = ()

    @property
    def frames_a_second(self) -> Fraction:
        return Fraction(*self.rate)

    @property
    def duration(self) -> float:
        """In seconds."""
        return float(self.frame_count / self.frames_a_second)
