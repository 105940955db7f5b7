"""What is special about a mutation: it is done once, whoever ends it."""

from collections.abc import Callable
from typing import Any

from graphql import GraphQLResolveInfo

from bff.execution.models import list_shown_types
from bff.execution.outcomes import Failed, Typed
from bff.execution.plan import Plan, Uncompilable
from bff.execution.positions import Kind


def check_mutation(plan: Plan) -> None:
    """One is called as a query's fields are, several would have to wait for each other. What it gives must be of
    declared classes: graphql-core could not go on with promises that were kept here. Raises Uncompilable."""
    if len(plan.first_slots) > 1:
        raise Uncompilable("several mutations")
    for slot in plan.first_slots:
        position = plan.slots[slot].position
        is_object = position.kind is not Kind.LEAF
        if position.item is not None or (is_object and list_shown_types(position.type, plan.schema) is None):
            raise Uncompilable("mutation of undeclared classes")


class DoneMutation:
    """Stands where graphql-core asks for middleware: the root's field has given its value, the others are called."""

    def __init__(self, given: Any) -> None:
        self._given = given.value if type(given) is Typed else given

    def get_field_resolver(self, resolve: Callable[..., Any]) -> Callable[..., Any]:
        def resolve_unless_done(parent: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
            if info.path.prev is not None:
                return resolve(parent, info, **arguments)
            if type(self._given) is Failed:
                raise self._given.error
            return self._given

        return resolve_unless_done
