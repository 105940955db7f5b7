import gc

from bff.heap import set_heap_aside


def test_what_lives_is_passed_over_and_still_freed() -> None:
    class Card:
        alive = 0

        def __init__(self) -> None:
            Card.alive += 1

        def __del__(self) -> None:
            Card.alive -= 1

    cards = [Card() for _ in range(1000)]
    before = gc.get_freeze_count()
    try:
        set_heap_aside()
        assert gc.get_freeze_count() >= before + 1000
        assert not any(type(value) is Card for value in gc.get_objects())
        cards.clear()
        assert Card.alive == 0
    finally:
        gc.unfreeze()
