"""Finds the operation that a request names, the same way for every transport: its document, its cost, its limits."""

from collections.abc import Callable
from typing import Any

from graphql import DocumentNode, OperationDefinitionNode
from msgspec import Struct

from bff.http.cost import COST_LIMIT, CostRules
from bff.http.documents import Documents, choose_operation
from bff.http.errors import PersistedQueryNotSupported, UntrustedDocument
from bff.http.requests import GraphQLRequest

Admit = Callable[[Any, int], None]


class FoundOperation(Struct, frozen=True, kw_only=True):
    """A valid operation that may run. `cost` is the most values that it can bring with the request's variables."""

    document: DocumentNode
    operation: OperationDefinitionNode
    cost: int


class OperationFinder:
    """One a process."""

    def __init__(
        self,
        documents: Documents,
        costs: CostRules,
        *,
        cost_limit: int = COST_LIMIT,
        admit: Admit | None = None,
    ) -> None:
        self._documents = documents
        self._admit = admit
        self._costs = costs
        self._cost_limit = cost_limit

    async def find(self, request: GraphQLRequest) -> FoundOperation:
        """Raises InvalidOperation where the operation cannot start, TooExpensive, and UntrustedDocument or the errors
        of persisted queries where there is no text."""
        document = self._find_document(request)
        operation = choose_operation(document, request.operation_name)
        cost = self._costs.check(document, operation, request.variables, self._cost_limit)
        return FoundOperation(document=document, operation=operation, cost=cost)

    def admit(self, context: Any, found: FoundOperation) -> None:
        """To be called once an operation, when its context is open and before it runs. Raises RateLimited."""
        if self._admit is not None:
            self._admit(context, found.cost)

    def _find_document(self, request: GraphQLRequest) -> DocumentNode:
        if request.query is not None:
            return self._documents.find(request.query)
        if request.document_id is not None:
            raise UntrustedDocument("No document is published under this id; send its text as `query`.")
        # Clients look for these words, then send the text.
        raise PersistedQueryNotSupported("PersistedQueryNotSupported")
