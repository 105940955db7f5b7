"""Finds the operation that a request names, the same way for every transport: its document, its cost, its limits."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from typing import Any

from graphql import DocumentNode, OperationDefinitionNode, OperationType
from msgspec import Struct
from starlette.requests import HTTPConnection

from bff.errors import BadUserInput
from bff.http.cost import COST_LIMIT, CostRules
from bff.http.documents import Documents, choose_operation
from bff.http.errors import MethodNotAllowed, PersistedQueryNotFound, PersistedQueryNotSupported, UntrustedDocument
from bff.http.negotiation import EVENT_STREAM
from bff.http.requests import GraphQLRequest
from bff.http.trusted import PersistedQueries, TrustedDocuments, check_hash, read_persisted_query

Admit = Callable[[Any, int], None]
ChargeReading = Callable[[HTTPConnection], None]

DEAR = 2_000
"""From this cost on a plan takes less time than graphql-core, which besides holds the loop until it is done."""

WALKED_COST = 8_000
"""The most that is left to graphql-core, which holds the loop for some 10 microseconds a value: events, answers in
parts, what is compared; and mutations, since their first use has no plan, nor have several at once."""


_KEPT = 250
_LONGEST_KEPT = 100
"""Of a variable, in characters."""
_EXACT = frozenset({int, bool, type(None)})


class FoundOperation(Struct, kw_only=True):
    """A valid operation that may run. `cost` is the most values that it can bring with the request's variables.

    `is_trusted`: it was published under `document_hash`, so it is known to come again. `has_text`: the request brought
    the text itself. Requests that ask the same with the same plain variables share it, and its `prototype`: an executor
    that never runs, after which theirs are made, once there was a first. `is_for_all`: so do those with others, each of
    which has its own held to their types.
    """

    document: DocumentNode
    operation: OperationDefinitionNode
    cost: int
    is_trusted: bool = False
    document_hash: str = ""
    has_text: bool = True
    is_for_all: bool = False
    prototype: Any = None

    @property
    def is_worth_a_plan(self) -> bool:
        """Whether to compile it at its first use."""
        return self.is_trusted or self.cost >= DEAR


class OperationFinder:
    """One a process. Unless it `takes_texts`, published documents alone are served."""

    def __init__(
        self,
        documents: Documents,
        costs: CostRules,
        *,
        cost_limit: int = COST_LIMIT,
        charge_reading: ChargeReading | None = None,
        admit: Admit | None = None,
        trusted: TrustedDocuments | None = None,
        takes_texts: bool = True,
    ) -> None:
        self._documents = documents
        self._trusted = trusted
        self._takes_texts = takes_texts
        self._persisted = PersistedQueries()
        self._charge_reading = charge_reading
        self._admit = admit
        self._costs = costs
        self._cost_limit = cost_limit
        self._found: OrderedDict[Hashable, FoundOperation] = OrderedDict()

    def charge_reading(self, connection: HTTPConnection) -> None:
        """To be called before `find`, whatever comes of it. Raises RateLimited, and errors about who asks."""
        if self._charge_reading is not None:
            self._charge_reading(connection)

    async def find(self, request: GraphQLRequest) -> FoundOperation:
        """Raises InvalidOperation where the operation cannot start, TooExpensive, and UntrustedDocument or the errors
        of persisted queries where there is no text that may be run."""
        document = await self._find_document(request)
        variables = name_variables(request.variables)
        asked = (id(document), request.operation_name, request.query is None)
        for key in ((*asked, variables), (*asked, None)):
            found = self._found.get(key)
            if found is not None and found.document is document:
                self._found.move_to_end(key)
                return found
        found = self._judge(document, request, has_plain_variables=variables is not None)
        if variables is not None or found.is_for_all:
            self._found[(*asked, None if found.is_for_all else variables)] = found
            if len(self._found) > _KEPT:
                self._found.popitem(last=False)
        return found

    def _judge(self, document: DocumentNode, request: GraphQLRequest, *, has_plain_variables: bool) -> FoundOperation:
        """Mutations seldom come with the same variables again, which may be secrets besides: none of them are kept."""
        operation = choose_operation(document, request.operation_name)
        varies = not has_plain_variables or (operation.operation is OperationType.MUTATION and bool(request.variables))
        limit = self._cost_limit if operation.operation is OperationType.QUERY else min(WALKED_COST, self._cost_limit)
        cost = self._costs.check(document, operation, request.variables, limit)
        return FoundOperation(
            document=document,
            operation=operation,
            cost=cost,
            is_trusted=request.document_id is not None,
            document_hash=(request.document_id or "").removeprefix("sha256:"),
            has_text=request.document_id is None and request.query is not None,
            is_for_all=varies and self._costs.find(document, operation).is_fixed,
        )

    def count(self) -> dict[str, int]:
        """How many documents were found kept, and how many were parsed anew."""
        return {"cache": self._documents.hits, "parser": self._documents.misses}

    def admit(self, context: Any, found: FoundOperation) -> None:
        """To be called once an operation, when its context is open and before it runs. Raises RateLimited."""
        if self._admit is not None:
            self._admit(context, found.cost)

    async def _find_document(self, request: GraphQLRequest) -> DocumentNode:
        if request.document_id is not None:
            if self._trusted is None:
                raise UntrustedDocument("No document is published under this id; send its text as `query`.")
            return await self._trusted.find(request.document_id)
        if request.persisted_query is not None:
            return self._find_persisted(request)
        if not self._takes_texts:
            raise UntrustedDocument("Only published documents are served; send `documentId` in place of `query`.")
        if request.query is None:
            raise BadUserInput("There is no operation; send its text as `query`.")
        return self._documents.find(request.query)

    def _find_persisted(self, request: GraphQLRequest) -> DocumentNode:
        if not self._takes_texts:
            raise PersistedQueryNotSupported
        text_hash = read_persisted_query(request.persisted_query)
        if request.query is None:
            text = self._persisted.find(text_hash)
            if text is None:
                raise PersistedQueryNotFound
            return self._documents.find(text)
        check_hash(text_hash, request.query)
        document = self._documents.find(request.query)
        self._persisted.keep(text_hash, request.query)
        return document


def check_method(method: str, operation: OperationDefinitionNode, *, has_stream: bool) -> None:
    """Raises BadUserInput for a subscription without a stream to answer in, MethodNotAllowed for a mutation by GET."""
    kind = operation.operation
    if kind is OperationType.SUBSCRIPTION and not has_stream:
        raise BadUserInput(
            f"A subscription needs a stream: accept {EVENT_STREAM}, or open a WebSocket with the subprotocol "
            "graphql-transport-ws."
        )
    if method == "GET" and kind is OperationType.MUTATION:
        raise MethodNotAllowed("GET runs queries only; send mutations by POST.", allow="POST")


def name_variables(variables: Mapping[str, Any] | None) -> Hashable:
    """A key that only the same variables have; None where one is an object, a list or a long text."""
    if not variables:
        return ()
    if all(_is_plain(value) for value in variables.values()):
        return tuple((name, type(value), value) for name, value in variables.items())
    return None


def _is_plain(value: Any) -> bool:
    return len(value) <= _LONGEST_KEPT if type(value) is str else type(value) in _EXACT
