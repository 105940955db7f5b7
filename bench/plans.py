"""What a plan costs: to make one for the first time, for each of the contract's queries, and to hold a thousand."""

import asyncio
import gc
import os
import random
import re
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import msgspec
from graphql import DocumentNode, OperationDefinitionNode, OperationType
from msgspec import Struct

from bench.report import Table, find_percentile, write_results
from bench.stage import HOME, OPERATIONS, Stage
from bff.execution import FragmentCache, PlanCache
from bff.execution.plan import Plan
from bff.heap import set_heap_aside
from bff.http.documents import Documents, choose_operation
from bff.http.execution import DeadlineExecutor, bind_executor, build_executor
from bff.http.requests import GraphQLRequest
from schema.build import build_schema

TIMES = 200
PLANS = 1000
VARIABLES: dict[str, dict[str, object]] = {"Title": {"id": "x"}, "Search": {"query": "love"}}


class Compiled(Struct, frozen=True):
    """Milliseconds: of the contract's own operation, as the first in the process that is anything like it, and of
    others that differ in aliases and selections.
    """

    operation: str
    fields: int
    first: float
    p50: float
    p99: float


class Measured(Struct, frozen=True):
    """Megabytes that the process grew by for a thousand documents, and then for their plans."""

    compiled: list[Compiled]
    documents: float
    plans: float


async def bench_plans(_: Stage) -> None:
    """Half a minute, in a process of its own."""
    output = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-m", "bench.plans"], check=True, stdout=subprocess.PIPE
    )
    _report(msgspec.json.decode(output.stdout, type=Measured))


def measure() -> Measured:
    """In a process that has compiled nothing yet; its heap is set aside as a server's is, the collector on."""
    plans = _Plans()
    set_heap_aside()
    compiled = [
        plans.time(text, operation)
        for text in OPERATIONS
        for operation in plans.parse(text).definitions
        if isinstance(operation, OperationDefinitionNode) and operation.operation is OperationType.QUERY
    ]
    gc.collect()
    held = _read_resident_bytes()
    documents = [plans.parse(vary(HOME, random.Random(number))) for number in range(PLANS)]
    gc.collect()
    with_documents = _read_resident_bytes()
    cache = PlanCache(capacity=PLANS, compile_on=1)
    for document in documents:
        plans.make(document, choose_operation(document, None), cache)
    assert len(cache) == PLANS
    gc.collect()
    return Measured(compiled, (with_documents - held) / 1e6, (_read_resident_bytes() - with_documents) / 1e6)


class _Plans:
    """Makes plans of the graph, without engines."""

    def __init__(self) -> None:
        self._schema = build_schema()
        self._documents = Documents(self._schema._schema, development=False, cached_tokens=0)

    def parse(self, text: str) -> DocumentNode:
        return self._documents.find(text)

    def make(self, document: DocumentNode, operation: OperationDefinitionNode, cache: PlanCache) -> tuple[Plan, float]:
        """With the milliseconds of CPU that it took; raises Uncompilable."""
        executor = self._build_executor(document, operation, cache)
        started = time.thread_time()
        _, plan = cache.find(executor)
        return plan, (time.thread_time() - started) * 1000

    def time(self, text: str, operation: OperationDefinitionNode) -> Compiled:
        name = operation.name.value if operation.name is not None else ""
        plan, first = self._make_named(text, name)
        likes = [self._make_named(vary(text, random.Random(number)), name)[1] for number in range(TIMES)]
        return Compiled(name, plan.fields, first, median(likes), find_percentile(likes, 0.99))

    def _make_named(self, text: str, name: str) -> tuple[Plan, float]:
        document = self.parse(text)
        return self.make(document, choose_operation(document, name), PlanCache(compile_on=1))

    def _build_executor(
        self, document: DocumentNode, operation: OperationDefinitionNode, cache: PlanCache
    ) -> DeadlineExecutor:
        name = operation.name.value if operation.name is not None else None
        request = GraphQLRequest(query="", operation_name=name, variables=VARIABLES.get(name or "", {}))
        return build_executor(
            bind_executor(self._schema, cache, FragmentCache()),
            self._schema,
            document,
            request,
            None,
            hide_suggestions=True,
        )


_SCALARS = re.compile(
    r"^( +)(name|kind|layout|synopsis|releaseYear|maturityRating|badges|match|isInMyList)\n", re.MULTILINE
)


def vary(text: str, draw: random.Random) -> str:
    """The same operation as another client would write it: other aliases, some scalars left out."""

    def rename(match: re.Match[str]) -> str:
        indent, name = match.groups()
        return "" if draw.random() < 0.2 else f"{indent}{name}{draw.randrange(10**6)}: {name}\n"

    return _SCALARS.sub(rename, text)


def _read_resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _report(measured: Measured) -> None:
    write_results(
        "plans",
        f"CPU milliseconds to make a plan, in a process of its own; its heap is set aside as a server's is, the "
        f"garbage collector on. After the first, {TIMES} operations that differ from it in aliases and selections.",
        Table(
            ("operation", "fields", "the first", "median of those like it", "p99"),
            [(each.operation, each.fields, each.first, each.p50, each.p99) for each in measured.compiled],
        ),
        f"What a process grows by for {PLANS:,} operations that differ from Home and from each other in aliases and "
        "selections.",
        Table(("", "MB"), [("documents, parsed and valid", measured.documents), ("their plans", measured.plans)]),
    )


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(measure()))
