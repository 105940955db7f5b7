"""Files on their way to the object store, in parts that are sent in any order and as often as it takes. No I/O."""

import math
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from bff.domain.problems import FieldProblem

MIB = 1024 * 1024
MOST_BYTES = 50 * 1024 * MIB
LEAST_PART, USUAL_PART, MOST_PART = MIB, 16 * MIB, 64 * MIB
MOST_PARTS = 10_000
"""What S3 takes of one object; the usual part is so large that a tenth is enough."""
AGE = timedelta(days=3)
"""How long parts are taken and kept; S3 signs for a week at most."""
GRACE = timedelta(hours=1)
"""How long after that they are removed: whatever was begun before is over."""
_SHA256 = re.compile(r"[0-9a-f]{64}")


class UploadState(StrEnum):
    """OPEN takes parts; TAKEN is being put together by a job; RECEIVED is whole, checked, and a master.

    CANCELLED takes nothing any more; what is sent to addresses that a store signed goes when it runs out.
    """

    OPEN = "OPEN"
    TAKEN = "TAKEN"
    RECEIVED = "RECEIVED"
    CANCELLED = "CANCELLED"


class UploadPart(Struct, frozen=True):
    """Bytes `start` to `end` (exclusive) of the file; numbers begin with 1."""

    number: int
    start: int
    end: int

    @property
    def size(self) -> int:
        return self.end - self.start


class Upload(Struct, frozen=True, kw_only=True):
    """`size` and `part_size` are in bytes, `sha256` in hexadecimal, of the whole file; the last part is the rest."""

    id: str
    file_name: str
    size: int
    sha256: str
    part_size: int
    state: UploadState
    created_at: datetime
    expires_at: datetime

    @property
    def part_count(self) -> int:
        return math.ceil(self.size / self.part_size)

    def find_part(self, number: int) -> UploadPart | None:
        """None for a number that the file has not."""
        if not 1 <= number <= self.part_count:
            return None
        start = (number - 1) * self.part_size
        return UploadPart(number, start, min(start + self.part_size, self.size))

    def list_parts(self) -> list[UploadPart]:
        return [part for number in range(1, self.part_count + 1) if (part := self.find_part(number)) is not None]


def upload_folder(upload_id: str) -> str:
    """Where in the object store the parts lie."""
    return f"uploads/{upload_id}"


def part_key(upload_id: str, number: int) -> str:
    return f"{upload_folder(upload_id)}/{number:05}"


def master_key(sha256: str) -> str:
    """Where in the object store a master lies: the same file once, whatever it is called."""
    return f"masters/{sha256}"


def choose_part_size(size: int) -> int:
    """In whole MiB, such that there are a thousand parts at most."""
    return max(USUAL_PART, math.ceil(size / 1000 / MIB) * MIB)


def find_missing(upload: Upload, held: Mapping[str, int]) -> list[UploadPart]:
    """The parts that are not there, or not in their length; `held` has the sizes of objects by their keys."""
    return [part for part in upload.list_parts() if held.get(part_key(upload.id, part.number)) != part.size]


def check_announcement(file_name: str, size: float, sha256: str, part_size: float | None) -> list[FieldProblem]:
    """What of an announced upload cannot be taken; nothing where all of it can."""
    problems = []
    if not 1 <= len(file_name) <= 255 or not file_name.isprintable() or "/" in file_name:
        problems.append(FieldProblem("input.fileName", "Give the file's name, without its folders."))
    if not size.is_integer() or not 1 <= size <= MOST_BYTES:
        problems.append(FieldProblem("input.sizeBytes", f"A file has from 1 to {MOST_BYTES} bytes (50 GiB)."))
    if _SHA256.fullmatch(sha256) is None:
        problems.append(FieldProblem("input.sha256", "Give the file's SHA-256 as 64 hexadecimal digits in lower case."))
    if part_size is not None:
        if not part_size.is_integer() or not LEAST_PART <= part_size <= MOST_PART:
            message = f"A part has from {LEAST_PART} to {MOST_PART} bytes."
            problems.append(FieldProblem("input.partBytes", message))
        elif size / part_size > MOST_PARTS:
            message = f"A file has at most {MOST_PARTS} parts: make them larger."
            problems.append(FieldProblem("input.partBytes", message))
    return problems
