"""GraphiQL's first request must not be too expensive."""

from graphql import OperationDefinitionNode, get_introspection_query, parse

from bff.http.cost import COST_LIMIT, work_out_cost
from schema.build import build_schema
from schema.costs import COSTS


def test_introspection_counts_each_of_its_fields_once() -> None:
    document = parse(get_introspection_query(descriptions=True, specified_by_url=True, input_value_deprecation=True))
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    assert work_out_cost(build_schema()._schema, COSTS, document, operation).fill_in({}) < COST_LIMIT // 100
