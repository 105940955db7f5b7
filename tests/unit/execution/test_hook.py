"""Plans stand behind Strawberry's own hook, `execution_context_class`: what else Strawberry offers goes on working."""

from collections.abc import Iterator
from typing import Any

import strawberry
from strawberry.extensions import SchemaExtension

from bff.execution import CompiledExecutor, PlanCache

NOTED: list[str] = []


@strawberry.type
class Query:
    @strawberry.field
    @staticmethod
    def hello(name: str = "world") -> str:
        return f"hello {name}"

    @strawberry.field
    @staticmethod
    async def later() -> str:
        return "later"


class NotesWhatRuns(SchemaExtension):
    def on_operation(self) -> Iterator[None]:
        NOTED.append("begun")
        yield
        NOTED.append("over")

    def on_execute(self) -> Iterator[None]:
        NOTED.append("executing")
        yield

    def get_results(self) -> dict[str, Any]:
        return {"noted": True}


class ShoutsEveryField(SchemaExtension):
    async def resolve(self, _next: Any, root: Any, info: Any, *args: str, **kwargs: Any) -> Any:
        value = _next(root, info, *args, **kwargs)
        return str(await value if hasattr(value, "__await__") else value).upper()


def build(*extensions: type[SchemaExtension]) -> tuple[strawberry.Schema, PlanCache]:
    """Each text is parsed anew by Strawberry, so a plan has to come at its first use."""
    plans = PlanCache(compile_on=1)

    class Executor(CompiledExecutor):
        pass

    schema = strawberry.Schema(query=Query, extensions=[*extensions], execution_context_class=Executor)
    Executor.plans = plans
    Executor.strawberry_config = schema.config
    Executor.scalars = schema.schema_converter.scalar_registry
    return schema, plans


async def test_strawberry_executes_by_plans() -> None:
    schema, plans = build()
    assert schema.execute_sync('{ hello(name: "you") }').data == {"hello": "hello you"}
    assert (await schema.execute("{ hello later }")).data == {"hello": "hello world", "later": "later"}
    assert plans.counts["compiled"] == 2


async def test_extensions_of_an_operation_go_with_its_plan() -> None:
    NOTED.clear()
    schema, plans = build(NotesWhatRuns)
    result = await schema.execute("{ hello }")
    assert (result.data, result.extensions) == ({"hello": "hello world"}, {"noted": True})
    assert NOTED == ["begun", "executing", "over"]
    assert plans.counts["compiled"] == 1


async def test_an_extension_of_every_field_leaves_operations_to_graphql_core() -> None:
    schema, plans = build(ShoutsEveryField)
    assert (await schema.execute("{ hello later }")).data == {"hello": "HELLO WORLD", "later": "LATER"}
    assert plans.counts == {"core: middleware": 1}
