"""Operation texts turned into parsed, limited and validated documents, and a bounded cache of them."""

from collections import OrderedDict

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    OverlappingFieldsCanBeMergedRule,
    get_operation_ast,
    parse,
    specified_rules,
    validate,
)
from graphql.validation import ValidationContext
from graphql.validation.validate import ValidationAbortedError
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from bff.errors import TooExpensive
from bff.http.errors import MAX_REQUEST_ERRORS, InvalidOperation
from bff.http.limits import Limits, check_shape

MAX_TOKENS = 1000
MAX_COMPARED = 5_000
"""Steps that may be taken to hold fields of the same name against each other, some of which take a microsecond. The
contract's operations take none; 1,000 tokens may take so many that nobody else is served for a tenth of a second.
"""
_CACHED_TOKENS = 100_000
_LIMITS = Limits()


class _OverlappingFields(OverlappingFieldsCanBeMergedRule):
    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self.rule_context.remaining_complexity_budget = MAX_COMPARED


_RULES = tuple(
    _OverlappingFields if rule is OverlappingFieldsCanBeMergedRule else rule
    for rule in (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)
)


class Documents:
    """The documents of one schema, keyed by their text, least recently used out first.

    The cache is bounded by tokens, since a token costs about 0.6 KiB of syntax tree: 60 MiB at most. Only valid
    documents are kept. In production (`development` false) introspection is refused and no suggestions are made.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        *,
        development: bool,
        cached_tokens: int = _CACHED_TOKENS,
        limits: Limits = _LIMITS,
        login_fields: frozenset[str] = frozenset(),
    ) -> None:
        self.hits = self.misses = 0
        self._schema = schema
        self._shape_limits = limits
        self._login_fields = login_fields
        self._hide_suggestions = not development
        self._rules = _RULES if development else (*_RULES, NoSchemaIntrospectionCustomRule)
        self._cache: OrderedDict[str, DocumentNode] = OrderedDict()
        self._cached_tokens = 0
        self._limit = cached_tokens

    def __len__(self) -> int:
        return len(self._cache)

    def find_kept(self, key: str) -> DocumentNode | None:
        """A document that was found before."""
        document = self._cache.get(key)
        if document is not None:
            self._cache.move_to_end(key)
            self.hits += 1
        return document

    def find(self, text: str, *, key: str | None = None) -> DocumentNode:
        """The valid document of a text, kept under `key` or the text itself.

        Raises InvalidOperation: GRAPHQL_PARSE_FAILED, GRAPHQL_VALIDATION_FAILED; TooExpensive before it validates, or
        once that has taken enough.
        """
        kept = self.find_kept(key or text)
        if kept is not None:
            return kept
        self.misses += 1
        document = self._parse(text)
        check_shape(document, self._shape_limits, self._login_fields)
        errors = validate(
            self._schema,
            document,
            self._rules,
            max_errors=MAX_REQUEST_ERRORS,
            hide_suggestions=self._hide_suggestions,
        )
        if errors and isinstance(errors[-1], ValidationAbortedError) and len(errors) <= MAX_REQUEST_ERRORS:
            raise TooExpensive(
                "The text asks for the same fields again and again, itself or by its fragments; name each once.",
                cost=MAX_COMPARED + 1,
                limit=MAX_COMPARED,
            )
        if errors:
            raise InvalidOperation("GRAPHQL_VALIDATION_FAILED", errors)
        self._keep(key or text, document)
        return document

    def _parse(self, text: str) -> DocumentNode:
        try:
            return parse(text, max_lexical_tokens=MAX_TOKENS, max_comments=MAX_TOKENS)
        except GraphQLError as error:
            raise InvalidOperation("GRAPHQL_PARSE_FAILED", [error]) from error

    def _keep(self, key: str, document: DocumentNode) -> None:
        self._cache[key] = document
        self._cached_tokens += document.token_count
        while self._cached_tokens > self._limit:
            _, evicted = self._cache.popitem(last=False)
            self._cached_tokens -= evicted.token_count


def choose_operation(document: DocumentNode, operation_name: str | None) -> OperationDefinitionNode:
    """The operation that a request names, or the only one.

    Raises InvalidOperation: BAD_USER_INPUT.
    """
    operation = get_operation_ast(document, operation_name)
    if operation is not None:
        return operation
    if operation_name is None:
        message = "The document has not exactly one operation; name the one to run in `operationName`."
    else:
        message = f"The document has no operation named '{operation_name}'."
    raise InvalidOperation("BAD_USER_INPUT", [GraphQLError(message)])
