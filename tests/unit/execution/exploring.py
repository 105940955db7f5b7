"""Runs asynchronous checks over what hypothesis draws, on a loop of their own or on one that runs already."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import hypothesis.strategies as st
from hypothesis import HealthCheck, Phase, given, settings

Check = Callable[[Any], Coroutine[Any, Any, None]]
Run = Callable[[Coroutine[Any, Any, None]], None]


def explore(strategy: st.SearchStrategy[Any], check: Check, *, examples: int, is_repeatable: bool = True) -> None:
    """A check of so many examples; the same ones in every run where it `is_repeatable`."""
    loop = asyncio.new_event_loop()
    try:
        _explore(strategy, check, loop.run_until_complete, examples, is_repeatable)
    finally:
        loop.close()


async def explore_here(
    strategy: st.SearchStrategy[Any], check: Check, *, examples: int, is_repeatable: bool = True
) -> None:
    """The same on the running loop, for checks that need what lives on it."""
    loop = asyncio.get_running_loop()

    def run(checking: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(checking, loop).result()

    await asyncio.to_thread(_explore, strategy, check, run, examples, is_repeatable)


def _explore(strategy: st.SearchStrategy[Any], check: Check, run: Run, examples: int, is_repeatable: bool) -> None:
    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=is_repeatable,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        phases=[Phase.generate, Phase.shrink],
    )
    @given(strategy)
    def examine(drawn: Any) -> None:
        run(check(drawn))

    examine()
