"""What benchmarks work out of their measurements; the measuring itself is for `make bench`."""

import os
import random
import subprocess
import sys

import pytest
from graphql import parse, validate
from hypothesis import given
from hypothesis import strategies as st

from bench.__main__ import BENCHES
from bench.flame import add_up
from bench.follower import Follower
from bench.ladder import Point, compare_bitrates
from bench.machine import find_steadiness, give_processor, watch_processor
from bench.pace import read_length
from bench.plans import vary
from bench.report import Table, find_percentile
from bench.stage import HOME
from schema.build import build_schema


def test_every_benchmark_is_named_after_its_module():
    assert {name: bench.__module__ for name, bench in BENCHES.items()} == {name: f"bench.{name}" for name in BENCHES}


@given(values=st.lists(st.floats(0, 1e6), min_size=1), share=st.floats(0.01, 1))
def test_a_percentile_is_the_least_value_that_the_share_does_not_exceed(values, share):
    found = find_percentile(values, share)
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9
    assert sum(value < found for value in values) < share * len(values)


def test_varied_operations_are_distinct_and_valid():
    schema = build_schema()._schema
    texts = {vary(HOME, random.Random(number)) for number in range(50)}
    assert len(texts) == 50
    assert [validate(schema, parse(text)) for text in texts] == 50 * [[]]


def test_looks_at_stacks_are_added_up_by_function():
    shares = add_up(["run (a.py);home (b.py) 6", "run (a.py);home (b.py);home (b.py);dump (c.py) 3", "run (a.py) 1"])
    assert shares == {"run (a.py)": (0.1, 1.0), "home (b.py)": (0.6, 0.9), "dump (c.py)": (0.3, 0.3)}


def test_a_table_writes_three_digits_that_count():
    table = Table(("", "requests", "ms"), [("home", 12_345.6, 0.12345), ("search", 3.14159, None)])
    assert str(table).splitlines()[2:] == ["| home | 12,346 | 0.123 |", "| search | 3.14 |  |"]


@pytest.mark.parametrize("size", [1, 100, 125, 126, 5000, 65_535, 70_000])
def test_a_follower_takes_events_of_every_size_in_whatever_pieces_they_come(size):
    events = []
    follower = Follower("http://127.0.0.1:1", "token", "subscription { a }", events.append)
    follower.transport = _Sink()
    event = b'{"id":"1","type":"next","payload":{"data":{"a":"%b"}}}' % (b"x" * size)
    head = bytes((129, len(event))) if len(event) < 126 else b""
    if not head:
        head = b"\x81\x7e" + len(event).to_bytes(2) if len(event) < 65_536 else b"\x81\x7f" + len(event).to_bytes(8)
    answer = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"
    sent = answer + 3 * (head + event)
    for start in range(0, len(sent), 97):
        follower.data_received(sent[start : start + 97])
    assert events == 3 * [{"a": "x" * size}]
    assert follower.failure == ""


def test_the_length_of_an_answer_is_read_from_its_head():
    assert read_length(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 17") == 17
    with pytest.raises(ValueError, match="chunked"):
        read_length(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked")


def test_a_follower_tells_a_refusal_from_silence():
    follower = Follower("http://127.0.0.1:1", "token", "subscription { a }", lambda _: None)
    follower.transport = _Sink()
    refusal = b'{"id":"1","type":"error","payload":[]}'
    follower.data_received(b"HTTP/1.1 101 Switching Protocols\r\n\r\n" + bytes((129, len(refusal))) + refusal)
    assert "error" in follower.failure


class _Sink:
    """Takes what is written."""

    def write(self, data):
        """Nobody reads it."""


def test_a_ladder_of_half_the_bits_saves_half_at_equal_quality():
    usual = [Point("high", 4e6, 95), Point("middle", 2e6, 85), Point("low", 5e5, 60)]
    other = [Point(point.name, point.bitrate / 2, point.vmaf) for point in usual]
    worse = Point("wasted", 3e6, 70)
    assert compare_bitrates(usual, other) == pytest.approx(0.5)
    assert compare_bitrates([*usual, worse], other) == pytest.approx(0.5)
    assert compare_bitrates(usual, usual) == pytest.approx(0)
    assert compare_bitrates(usual, [Point("least", 1e5, 20), Point("more", 2e5, 50)]) is None


def test_a_process_is_given_a_processor_for_itself_while_it_is_measured():
    usual = os.sched_getaffinity(0)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        with give_processor(process.pid) as processor:
            assert os.sched_getaffinity(process.pid) == {processor}
            assert os.sched_getaffinity(0) == (usual - {processor} or usual)
        assert os.sched_getaffinity(0) == usual
        process.communicate(b"\n")


def test_the_speed_of_a_processor_is_seen_once_at_least():
    with watch_processor(min(os.sched_getaffinity(0))) as speeds:
        pass
    assert min(speeds) > 0


def test_what_keeps_its_speed_is_told_from_what_does_not():
    assert find_steadiness([2.0] * 20) == 1
    assert find_steadiness([*[2.0] * 15, *[1.0] * 5]) == 0.5


def test_what_cannot_watch_a_processor_says_so():
    with pytest.raises(RuntimeError, match="what watches processor 99999 ended"), watch_processor(99999):
        pass
