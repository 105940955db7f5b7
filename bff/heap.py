"""Keeps the garbage collector from what lives as long as the process."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

_LONG = 0.01
"""Seconds after which a full collection sets aside what it found alive, or the next one would walk over it again."""
_YOUNG = 10_000
"""New containers, less those that are gone, after which a young collection looks at them. A home holds some thousand at
once and leaves none behind: with CPython's 700 one is interrupted twice while it is built, for nothing."""
_PARTS = 5
"""Young collections until what they left is looked at, 50,000 containers at most: with CPython's twelve it took 0.1 s
where one validation held so many."""
_FULL = 28
"""Times that this happens until everything is looked at: as seldom as by CPython's thresholds."""
_MOST = 100
"""Times that this happens until all is looked at once more: what was in flight each time may be garbage by then."""


def set_heap_aside() -> None:
    """Have full collections pass over all that lives now: over a catalogue and a schema each would stop every request
    for more than 0.1 s. What is reachable no more is still freed by its count of references. Collections of what is
    young become rare."""
    gc.collect(1)
    gc.freeze()
    gc.set_threshold(_YOUNG, _PARTS - 2, _FULL)


@contextmanager
def keeping_collections_short(*, long: float = _LONG, most: int = _MOST) -> Iterator[None]:
    """Set aside what caches gather, too, as soon as full collections take long over it."""
    began = 0.0
    times = 0

    def watch(phase: str, info: dict[str, int]) -> None:
        nonlocal began, times
        if info["generation"] < 2:
            return
        if phase == "start":
            began = perf_counter()
        elif perf_counter() - began > long:
            times += 1
            if times % most:
                gc.freeze()
            else:
                gc.unfreeze()

    gc.callbacks.append(watch)
    try:
        yield
    finally:
        gc.callbacks.remove(watch)
