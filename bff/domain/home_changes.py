"""What differs between two homes of one profile."""

from collections.abc import Sequence

from bff.domain.home import PinnedRow


def find_changed_rows(before: Sequence[PinnedRow], after: Sequence[PinnedRow]) -> tuple[str, ...]:
    """Keys of the rows that came, moved or hold something else, in the order of `after`, then of those that went."""
    old = {row.key: (place, row) for place, row in enumerate(before)}
    new = {row.key: (place, row) for place, row in enumerate(after)}
    changed = [key for key, held in new.items() if old.get(key) != held]
    return (*changed, *(key for key in old if key not in new))
