"""Holds documents that clients are released with to a schema: when they are published, and whenever it changes."""

from graphql import GraphQLSchema, OperationDefinitionNode

from bff.domain.costs import CostMap
from bff.errors import TooExpensive
from bff.http.cost import COST_LIMIT, CostRules
from bff.http.documents import Documents
from bff.http.errors import InvalidOperation


class DocumentCheck:
    """Holds documents to what is asked of a text that a client sends, at its variables' defaults."""

    def __init__(self, schema: GraphQLSchema, costs: CostMap, *, cost_limit: int = COST_LIMIT) -> None:
        self._documents = Documents(schema, development=False, login_fields=costs.login_fields)
        self._costs = CostRules(schema, costs)
        self._cost_limit = cost_limit

    def find_faults(self, text: str) -> list[str]:
        """Why the server would refuse it; empty where it would not."""
        try:
            document = self._documents.find(text)
            for operation in document.definitions:
                if isinstance(operation, OperationDefinitionNode):
                    self._costs.check(document, operation, None, self._cost_limit)
        except InvalidOperation as error:
            return [fault.message for fault in error.errors]
        except TooExpensive as error:
            return [error.message]
        return []

    def list_operations(self, text: str) -> list[str]:
        """The names of a valid document's operations; an operation without one is called anonymous."""
        return [
            operation.name.value if operation.name is not None else "anonymous"
            for operation in self._documents.find(text).definitions
            if isinstance(operation, OperationDefinitionNode)
        ]
