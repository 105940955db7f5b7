import gc
from collections.abc import Iterator

import pytest

from bff.heap import keeping_collections_short, set_heap_aside


@pytest.fixture(autouse=True)
def _own_heap() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


def test_what_lives_is_passed_over_and_still_freed() -> None:
    class Card:
        alive = 0

        def __init__(self) -> None:
            Card.alive += 1

        def __del__(self) -> None:
            Card.alive -= 1

    cards = [Card() for _ in range(1000)]
    before = gc.get_freeze_count()
    set_heap_aside()
    assert gc.get_freeze_count() >= before + 1000
    assert not any(type(value) is Card for value in gc.get_objects())
    cards.clear()
    assert Card.alive == 0


def test_what_a_long_collection_found_alive_is_passed_over_by_the_next() -> None:
    kept = [[number] for number in range(1000)]
    before = gc.get_freeze_count()
    with keeping_collections_short(long=-1.0):
        gc.collect(1)
        assert gc.get_freeze_count() == before
        gc.collect()
        assert gc.get_freeze_count() >= before + len(kept)
    with keeping_collections_short(long=3600.0):
        gc.unfreeze()
        gc.collect()
        assert gc.get_freeze_count() == 0


def test_now_and_then_everything_is_looked_at_again() -> None:
    with keeping_collections_short(long=-1.0, most=2):
        gc.collect()
        assert gc.get_freeze_count() > 0
        gc.collect()
        assert gc.get_freeze_count() == 0


def test_no_collection_interrupts_the_making_of_an_answer() -> None:
    set_heap_aside()
    before = gc.get_stats()
    answer = [{"id": str(number), "genres": [number]} for number in range(2000)]
    assert gc.get_stats() == before, len(answer)


def test_what_was_young_is_looked_at_in_parts() -> None:
    """By CPython's thresholds it comes to 120,000 containers, over which a collection takes a tenth of a second."""
    looked_at: list[int] = []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "start" and info["generation"] == 1:
            looked_at.append(len(gc.get_objects(0)) + len(gc.get_objects(1)))

    set_heap_aside()
    gc.callbacks.append(note)
    try:
        kept = [[number] for number in range(200_000)]
    finally:
        gc.callbacks.remove(note)
    assert len(kept) == 200_000
    assert looked_at
    assert max(looked_at) < 60_000
