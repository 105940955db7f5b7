"""What `bff explain` prints: of each operation of a text its cost, and how it would be executed."""

from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    DocumentNode,
    NonNullTypeNode,
    OperationDefinitionNode,
    VariableDefinitionNode,
    Visitor,
    visit,
)
from strawberry import Schema

from bff.domain.costs import CostMap
from bff.errors import TooExpensive
from bff.execution import FragmentCache, PlanCache
from bff.execution.explain import explain
from bff.http.cost import CostRules
from bff.http.documents import Documents
from bff.http.errors import InvalidOperation
from bff.http.execution import bind_executor, build_executor
from bff.http.requests import GraphQLRequest


class ExplainError(Exception):
    """The text, or the variables, would be refused; the message says why."""


def explain_document(
    schema: Schema,
    costs: CostMap,
    text: str,
    variables: Mapping[str, Any],
    *,
    keeps_fragments: bool = True,
    with_texts: bool = False,
) -> Iterator[str]:
    """Variables that are needed and not given are left out, and cost what lists cost by default.

    Raises ExplainError.
    """
    executor_class = bind_executor(schema, PlanCache(), FragmentCache() if keeps_fragments else None)
    rules = CostRules(schema._schema, costs)
    try:
        document = Documents(schema._schema, development=True, login_fields=costs.login_fields).find(text)
        for operation in document.definitions:
            if not isinstance(operation, OperationDefinitionNode):
                continue
            name = operation.name.value if operation.name is not None else None
            cost = rules.find(document, operation).fill_in(variables)
            yield f"{operation.operation.value} {name or 'anonymous'}: cost {cost:,}"
            definitions = {given.variable.name.value: given for given in operation.variable_definitions or ()}
            given = {key: value for key, value in variables.items() if key in definitions}
            left_out = [f"${key}" for key, found in definitions.items() if _is_needed(found) and key not in given]
            if left_out:
                yield f"  without {', '.join(left_out)}"
            request = GraphQLRequest(query=text, variables=given, operation_name=name)
            open_document: DocumentNode = visit(document, _Open())
            executor = build_executor(executor_class, schema, open_document, request, None, hide_suggestions=False)
            executor.comes_again = True
            for line in explain(executor, with_texts=with_texts):
                yield f"  {line}" if line else ""
    except InvalidOperation as error:
        raise ExplainError("\n".join(fault.message for fault in error.errors)) from error
    except TooExpensive as error:
        raise ExplainError(error.message) from error


def _is_needed(definition: VariableDefinitionNode) -> bool:
    return isinstance(definition.type, NonNullTypeNode) and definition.default_value is None


class _Open(Visitor):
    """Lets every variable be left out."""

    def enter_variable_definition(self, node: VariableDefinitionNode, *_: Any) -> VariableDefinitionNode | None:
        if not isinstance(node.type, NonNullTypeNode):
            return None
        kept = {key: getattr(node, key) for key in node.keys if key != "loc"}
        return VariableDefinitionNode(**{**kept, "type": node.type.type})
