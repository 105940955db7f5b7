"""What fails is settled after all fields were executed: no resolver runs twice for it, and no sibling is given up."""

import asyncio
from collections import Counter

import pytest
import strawberry
from graphql import parse

from bff.execution import PlanCache
from tests.unit.execution.comparison import Differential

Info = strawberry.Info[Counter[str], None]


@strawberry.type
class Part:
    name: str

    @strawberry.field
    @staticmethod
    def sound(root: strawberry.Parent["Part"], info: Info) -> str:
        info.context[f"sound {root.name}"] += 1
        if root.name == "b":
            raise ValueError("broken")
        return "sound"

    @strawberry.field
    @staticmethod
    async def checked(root: strawberry.Parent["Part"], info: Info) -> bool:
        info.context[f"checked {root.name}"] += 1
        await asyncio.sleep(0)
        if root.name == "b":
            raise ValueError("not checked")
        info.context[f"finished {root.name}"] += 1
        return True


@strawberry.type
class Query:
    @strawberry.field
    @staticmethod
    def parts(info: Info) -> list[Part] | None:
        info.context["parts"] += 1
        return [Part(name=name) for name in "abc"]

    @strawberry.field
    @staticmethod
    async def beside(info: Info) -> str | None:
        info.context["beside"] += 1
        await asyncio.sleep(0.001)
        return "beside"


@pytest.mark.parametrize("field", ["sound", "checked"])
async def test_no_resolver_runs_twice_where_null_climbs(field: str) -> None:
    plans = PlanCache(compile_on=1)
    differential = Differential(strawberry.Schema(query=Query), plans)
    calls: Counter[str] = Counter()
    document = parse(f"{{ parts {{ name {field} }} beside }}")
    answer = await differential.run(differential.compiled, document, {}, calls)
    assert answer.data == {"parts": None, "beside": "beside"}
    assert [path for _, path, _ in answer.errors] == [("parts", 1, field)]
    assert {name: count for name, count in calls.items() if count != 1} == {}
    assert {f"{field} {name}" for name in "abc"} < calls.keys()
    assert field == "sound" or {"finished a", "finished c"} < calls.keys()
    assert plans.counts == {"plans made": 1, "compiled": 1}
