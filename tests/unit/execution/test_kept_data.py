"""What plans keep of values that come again is bounded over all of them, and goes with its plan."""

import pytest

from bff.execution import kept_data
from bff.execution.kept_data import KeptData


def test_data_are_found_by_the_very_same_value() -> None:
    kept, value, equal = KeptData(), ("a",), tuple("a")
    kept.keep(value, ["data"])
    assert kept.find(id(value)) == ["data"]
    assert value == equal
    assert kept.find(id(equal)) is None


def test_a_value_is_held_as_long_as_its_data() -> None:
    kept = KeptData()
    for number in range(100):
        kept.keep((number,), number)
    assert [kept.find(id(value)) for value in kept._values] == list(range(100))


def test_all_stages_together_keep_no_more_than_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_data, "MOST_KEPT", KeptData.total + 100)
    stages = [KeptData() for _ in range(7)]
    for number in range(2000):
        stages[number % 7].keep((number,), number)
        assert KeptData.total <= kept_data.MOST_KEPT


def test_what_a_plan_kept_goes_with_it() -> None:
    before = KeptData.total
    kept = KeptData()
    kept.keep((1,), "data")
    assert KeptData.total == before + 1
    del kept
    assert KeptData.total == before
