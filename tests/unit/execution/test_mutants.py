"""The differential tests notice: each of these faults, put into the executor, makes an example of the corpus differ."""

import re
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import pytest
from graphql import GraphQLEnumType

import bff.execution.building as building_module
import bff.execution.code as code_module
import bff.execution.executor as executor_module
import bff.execution.failures as failures_module
import bff.execution.generator as generator_module
import bff.execution.models as models_module
from bff.execution.arguments import Binder, Binding
from bff.execution.building import Building
from bff.execution.info import SharedInfo, make_path
from bff.execution.models import Leaf
from bff.execution.plan import FieldPlan
from bff.execution.positions import Position
from bff.execution.runtime import Run
from tests.unit.execution.corpus import CORPUS
from tests.unit.execution.test_zoo_differential import check_example

pytestmark = [
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
Mutate = Callable[[pytest.MonkeyPatch], None]


def change_source(pattern: str, new: str) -> Mutate:
    """Put `new` in place of a pattern wherever it stands in generated code."""

    def mutate(patch: pytest.MonkeyPatch) -> None:
        def compile_changed(source: str, filename: str, mode: str) -> Any:
            return compile(re.sub(pattern, new, source), filename, mode)

        patch.setattr(code_module, "_kept", OrderedDict())
        patch.setattr(code_module, "compile", compile_changed, raising=False)

    return mutate


def keep_null_in_its_place(patch: pytest.MonkeyPatch) -> None:
    original = Position.__init__

    def init(self: Position, *args: Any) -> None:
        original(self, *args)
        self.climb = 0

    patch.setattr(Position, "__init__", init)


def forget_conditions(patch: pytest.MonkeyPatch) -> None:
    class OneForAll(dict[Any, Any]):
        def get(self, _key: object, default: Any = None) -> Any:
            return next(iter(self.values()), default)

    original = executor_module.Prepared.__init__

    def init(self: Any, *args: Any) -> None:
        original(self, *args)
        self.plans = OneForAll()

    patch.setattr(executor_module.Prepared, "__init__", init)


def trust_every_annotation(patch: pytest.MonkeyPatch) -> None:
    def trust(_model: type, _attribute: str, leaf: Leaf, *, nullable: bool) -> str | None:
        return leaf.expression

    patch.setattr(generator_module, "trust_attribute", trust)


def read_every_enum_by_name(patch: pytest.MonkeyPatch) -> None:
    original = models_module.read_leaf

    def read(leaf: Any) -> Leaf | None:
        if isinstance(leaf, GraphQLEnumType) and hasattr(leaf, "wrapped_cls"):
            return Leaf(leaf.wrapped_cls, expression="{0}._name_")
        return original(leaf)

    patch.setattr(generator_module, "read_leaf", read)


def accept_null_everywhere(patch: pytest.MonkeyPatch) -> None:
    original = Building.complete

    def complete(self: Building, position: Position, value: Any, holder: Any, key: Any) -> None:
        if value is not None:
            original(self, position, value, holder, key)

    patch.setattr(Building, "complete", complete)


def give_every_parent_one_path(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(SharedInfo, "path", property(lambda self: make_path(self._field)), raising=False)


def keep_first_arguments(patch: pytest.MonkeyPatch) -> None:
    original = Binder.bind
    kept: dict[Any, Binding] = {}

    def bind(self: Binder, called: FieldPlan) -> Binding:
        if called not in kept:
            kept[called] = original(self, called)
        return kept[called]

    patch.setattr(Binder, "bind", bind)


def stop_below_what_was_waited_for(patch: pytest.MonkeyPatch) -> None:
    original = Run._flush

    def flush(self: Run, slots: Any) -> None:
        if not self._building.tick:
            original(self, slots)

    patch.setattr(Run, "_flush", flush)


def report_errors_below_null(patch: pytest.MonkeyPatch) -> None:
    class Forgetful(set[Any]):
        def __contains__(self, item: object) -> bool:
            return False

    patch.setattr(failures_module, "set", Forgetful, raising=False)


def match_models_without_care(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(building_module, "find_type", lambda _, position, __: position.plan.schema.type_map["Lion"])


def keep_what_failed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Building, "count_troubles", lambda _: 0)


MUTANTS: dict[str, Mutate] = {
    "null stays where it is": keep_null_in_its_place,
    "conditions do not choose the plan": forget_conditions,
    "annotations that promise less are trusted": trust_every_annotation,
    "enums are written by their members' names": read_every_enum_by_name,
    "null is a good value everywhere": accept_null_everywhere,
    "all parents have one path": give_every_parent_one_path,
    "arguments are those of the first execution": keep_first_arguments,
    "nothing is read below what was waited for": stop_below_what_was_waited_for,
    "errors below a null are told, too": report_errors_below_null,
    "abstract values are all of one type": match_models_without_care,
    "integers of any size pass": change_source(" and -2147483648 <= ", " or 0 <= "),
    "infinity passes": change_source(" == 0.0", " is not None"),
    "items that are not recognised are lost": change_source(
        r"(append\d+\(None\)\n +)complete\(", r"\1(lambda *_: None)("
    ),
    "what raises in a resolver is null": change_source(r"append\(Failed\(error\)\)", "append(None)"),
    "what failed is kept": keep_what_failed,
    "one value's data is kept for all of its class": change_source(
        r"(find_kept\(id\(|kept\.keep\()value", r"\1type(value)"
    ),
    "keys are in another order": change_source("'__typename'", "'number'"),
}


@pytest.mark.parametrize("name", MUTANTS)
async def test_each_mutant_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    MUTANTS[name](monkeypatch)
    for example in CORPUS.values():
        try:
            await check_example(example)
        except Exception:
            return
    pytest.fail("no example differs")
