"""Alarms: who waits too long is cancelled, and nobody else."""

import asyncio

import pytest

from bff.http.deadlines import Alarm, find_clock


def now():
    return asyncio.get_running_loop().time()


async def wait_for_ever():
    await asyncio.get_running_loop().create_future()


async def test_who_waits_too_long_is_cancelled_and_goes_on_with_a_timeout():
    alarm = Alarm(now())
    with pytest.raises(TimeoutError), alarm:
        await wait_for_ever()
    assert alarm.has_rung
    assert asyncio.current_task().cancelling() == 0


async def test_who_was_done_in_time_is_left_alone():
    with Alarm(now()) as alarm:
        pass
    later = Alarm(now())  # it is due with the first, or after it
    with pytest.raises(TimeoutError), later:
        await wait_for_ever()
    assert not alarm.has_rung


async def test_the_inner_of_two_alarms_ends_the_inner_block_alone():
    with Alarm(now() + 3600) as outer:
        with pytest.raises(TimeoutError), Alarm(now()):
            await wait_for_ever()
        await asyncio.sleep(0)
    assert not outer.has_rung


async def test_who_is_warned_may_still_end_by_itself():
    warned = asyncio.Event()
    with Alarm(now(), warn=warned.set, grace=3600) as alarm:
        await warned.wait()
    assert not alarm.has_rung


async def test_who_does_not_heed_the_warning_is_cancelled():
    told = []
    with pytest.raises(TimeoutError), Alarm(now(), warn=lambda: told.append("warned")):
        await wait_for_ever()
    assert told == ["warned"]


async def test_a_task_that_another_cancels_stays_cancelled():
    async def wait():
        with Alarm(now(), warn=asyncio.current_task().cancel, grace=3600):
            await wait_for_ever()

    waiting = asyncio.create_task(wait())
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert waiting.cancelled()


async def test_a_loop_has_one_clock_and_it_stops_when_nothing_hangs_there():
    clock = find_clock()
    assert clock is find_clock()
    with pytest.raises(TimeoutError), Alarm(now()):
        await wait_for_ever()
    assert not clock._bells
    assert clock._timer is None


def test_another_loop_has_another_clock():
    async def find():
        return find_clock()

    assert asyncio.run(find()) is not asyncio.run(find())
