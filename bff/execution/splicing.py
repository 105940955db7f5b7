"""What one execution finds of what was kept, and what it leaves to be kept."""

from collections.abc import Hashable, Iterator, Sequence
from typing import Any

import orjson
from graphql import Undefined
from graphql.execution.executor import Executor

from bff.execution.failures import Failure
from bff.execution.fragments import Filling, Fragment, FragmentCache, Hole, cut_fragment
from bff.execution.plan import FragmentPlan, Plan

_PIECE = 32
"""Fragments, or places in the answer, between looks at the clock."""
_MOST_PRESENT = 64
"""Sets of what is read, for which an operation keeps its tokens."""


class Splicing:
    """`missed` are values that had no fragment, with the data that was built of them; `unsettled` is what stands in the
    data until all is done, what is within others after them.
    """

    __slots__ = ("_cache", "_executor", "_plan", "_reads", "_tokens", "missed", "unsettled")

    def __init__(self, plan: Plan, executor: Executor[Any], cache: FragmentCache | None) -> None:
        self.missed: list[tuple[FragmentPlan, Any, Any]] = []
        self.unsettled: list[Hole | Filling] = []
        self._plan = plan
        self._executor = executor
        self._cache = cache
        self._tokens: dict[int, int] = {}
        self._reads: tuple[str, ...] | None = None

    def find(self, fragment: FragmentPlan, value: Any) -> Fragment | None:
        if self._cache is None:
            return None
        if self._reads is not self._plan.reads:
            self._open_tokens()
        token = self._tokens.get(fragment.number)
        if token is None:
            token = self._find_token(self._cache, fragment)
            if token is None:
                self._cache = None
                return None
            self._tokens[fragment.number] = token
        return self._cache.find(token, getattr(value, fragment.identity), value)

    def _open_tokens(self) -> None:
        """Those of all requests that share the executor's prototype, and with it their variables, and to which all
        that fragments of the plan read is the same."""
        self._reads = self._plan.reads
        prototype = getattr(self._executor, "prototype", None)
        if prototype is None:
            return
        key = self._plan.number, self._executor.context_value.read_for_fragments(self._reads)
        kept: dict[Hashable, dict[int, int]] = prototype.kept_tokens
        tokens = kept.get(key)
        if tokens is None:
            if len(kept) >= _MOST_PRESENT:
                kept.clear()
            tokens = kept[key] = {}
        self._tokens = tokens

    def _find_token(self, cache: FragmentCache, fragment: FragmentPlan) -> int | None:
        """None where variables were given that JSON does not tell apart."""
        executor = self._executor
        sources = executor.variable_values.sources
        given = {name: source.value for name, source in sources.items() if source.value is not Undefined}
        try:
            variables = orjson.dumps(given, option=orjson.OPT_SORT_KEYS)
        except TypeError:
            return None
        present = executor.context_value.read_for_fragments(fragment.reads)
        return cache.find_token((self._plan.number, fragment.number, variables, present))

    def settle(self, failures: Sequence[Failure]) -> Iterator[None]:
        """Put all in its place, piece by piece. What is new is kept, unless something failed: then everything is
        unfolded, so that errors find their paths.
        """
        if not failures:
            yield from self._keep_missed()
        unsettled = self.unsettled if failures else self.unsettled[::-1]
        for start in range(0, len(unsettled), _PIECE):
            for place in unsettled[start : start + _PIECE]:
                if failures:
                    place.unfold()
                else:
                    place.settle()
            yield
        for failure in failures:
            if type(failure.holder) is Hole:
                failure.holder = failure.holder.target

    def _keep_missed(self) -> Iterator[None]:
        cache = self._cache
        if cache is None:
            return
        for start in range(0, len(self.missed), _PIECE):
            for plan, value, kept in self.missed[start : start + _PIECE]:
                fragment = cut_fragment(value, kept)
                if fragment is not None:
                    cache.keep(self._tokens[plan.number], getattr(value, plan.identity), fragment)
            yield
