"""A pytest plugin for graphql-core's own tests: what they execute runs through plans.

It also collects their nested functions (`describe_…` around `it_…`), and writes what ran where into a JSON file.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import FrameType, FunctionType, ModuleType
from typing import Any

import pytest
from graphql.execution.executor import Executor
from graphql.execution.executor_throwing_on_incremental import ExecutorThrowingOnIncremental
from graphql.execution.incremental import IncrementalExecutor

from bff.execution import CompilingExecutor, PlanCache

PLANS = PlanCache(compile_on=1)
CORE_EXECUTORS: tuple[type[Executor[Any]], ...] = (Executor, ExecutorThrowingOnIncremental, IncrementalExecutor)
COMPILING = {
    core: type(f"Compiling{core.__name__}", (CompilingExecutor, core), {"plans": PLANS}) for core in CORE_EXECUTORS
}
OUTCOMES: Counter[str] = Counter()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--executions", type=Path, help="The file for what ran where.")


def pytest_configure() -> None:
    interpret = Executor.execute_operation

    def execute_operation(self: Any, serially: bool | None = None) -> Any:
        compiling = COMPILING.get(type(self))
        if compiling is None:
            return interpret(self, serially)
        self.__class__ = compiling
        return self.execute_operation(serially)

    Executor.execute_operation = execute_operation  # type: ignore[method-assign]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" or report.outcome != "passed":
        OUTCOMES[report.outcome] += 1


def pytest_sessionfinish(session: pytest.Session) -> None:
    path: Path | None = session.config.getoption("--executions")
    if path is not None:
        path.write_text(json.dumps({"tests": OUTCOMES, "executions": PLANS.counts}))


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makeitem(collector: pytest.Collector, name: str, obj: object) -> pytest.Collector | None:
    if isinstance(obj, FunctionType) and name.startswith("describe"):
        block = Block.from_parent(collector, path=collector.path, nodeid=f"{collector.nodeid}::{name}")
        block.name, block.function = name, obj
        return block
    return None


class Block(pytest.Module):
    """The functions inside of a function are its tests, but for those with an underscore."""

    function: FunctionType

    def collect(self) -> Iterator[Any]:
        self.session._fixturemanager.parsefactories(self)
        return iter(super().collect())

    def _getobj(self) -> ModuleType:
        module = ModuleType(self.name)
        module.__dict__.update(_read_locals(self.function))
        return module

    def funcnamefilter(self, name: str) -> bool:
        return not name.startswith("_")


def _read_locals(function: FunctionType) -> dict[str, Any]:
    found: dict[str, Any] = {}

    def trace(frame: FrameType, event: str, _argument: object) -> None:
        if event == "return" and frame.f_code is function.__code__:
            found.update(frame.f_locals)

    before = sys.getprofile()
    sys.setprofile(trace)
    try:
        function()
    finally:
        sys.setprofile(before)
    return found
