"""Where a title of My List goes when it is moved."""

from collections.abc import Sequence


def place_before(listed: Sequence[tuple[str, float]], title_id: str, before_id: str | None) -> dict[str, float]:
    """The positions that change, by title id; None is behind the last, and so is a title that is not listed any more.

    `listed` has title ids with their positions, in order. Only the position of the moved title changes, so that
    cursors into the list hold; where no number is left between its neighbours, all are numbered anew.
    """
    rest = [entry for entry in listed if entry[0] != title_id]
    if title_id == before_id or not rest or len(rest) == len(listed):
        return {}
    place = next((index for index, (other, _) in enumerate(rest) if other == before_id), len(rest))
    if place == 0:
        return {title_id: rest[0][1] - 1}
    if place == len(rest):
        return {title_id: rest[-1][1] + 1}
    above, below = rest[place - 1][1], rest[place][1]
    middle = (above + below) / 2
    if above < middle < below:
        return {title_id: middle}
    order = [other for other, _ in rest]
    order.insert(place, title_id)
    return {other: float(number) for number, other in enumerate(order, 1)}
