"""What a master is, as the probe found it."""

import math
from fractions import Fraction

from msgspec import Struct

MOST_LEAD_IN = 5.0
"""Seconds before a part that are read, too, at most, where frames stand at no even distance."""


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
    the one that frames are put on, and `frame_count` what that makes. No frame is shown longer than `longest_frame`
    seconds. `key_frames` are those, on the grid, that a decoder of chunks begins with; empty where it is unknown.
    """

    width: int
    height: int
    rate: tuple[int, int]
    frame_count: int
    picture_start: float = 0.0
    is_variable: bool = False
    longest_frame: float = MOST_LEAD_IN
    key_frames: tuple[int, ...] = ()
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

    @property
    def lead_in(self) -> int:
        """How many frames of the grid before a part are to be read with it, so that what is shown at its start is among
        them."""
        if not self.is_variable:
            return 1
        return math.ceil(min(self.longest_frame, MOST_LEAD_IN) * self.frames_a_second) + 1
