"""What a worker says of how far a task is."""

import pytest

from workers.workshop import Progress


def test_parts_of_a_task_are_shares_of_it_and_nothing_is_done_before_its_end() -> None:
    progress = Progress()
    progress.follow(10, end=0.6)(5)
    assert progress.share == pytest.approx(0.3)
    measured = progress.follow(10, start=0.6)
    measured(5)
    assert progress.share == pytest.approx(0.8)
    measured(10.5)
    assert progress.share < 1
