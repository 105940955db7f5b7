"""Every field of the schema has a rule, and no way leads round one."""

import pytest
import strawberry
from graphql import get_named_type, is_abstract_type, is_interface_type, is_object_type

from resolvers.nodes import RULES
from schema.access import Access, field, read_declared_access
from schema.rules import TYPES, find_rule, list_undeclared, refuse_undeclared
from tests.root_fields import FOR_VISITORS, FORBIDDEN, ROOT_FIELDS, SUBSCRIPTIONS
from tests.schema_walk import Place, served_schema, walk_fields

ROOTS = ("Query", "Mutation", "Subscription")
HOLDS = {
    Access.PUBLIC: {Access.PUBLIC},
    Access.SIGNED_IN: {Access.PUBLIC, Access.SIGNED_IN},
    Access.PROFILE: {Access.PUBLIC, Access.SIGNED_IN, Access.PROFILE},
    Access.OWNER: {Access.PUBLIC, Access.SIGNED_IN, Access.OWNER},
    Access.ADULT: {Access.PUBLIC, Access.SIGNED_IN, Access.PROFILE, Access.OWNER, Access.ADULT},
    Access.OPERATOR: {Access.PUBLIC, Access.SIGNED_IN, Access.OPERATOR},
}
"""Which other rules hold for whoever one holds for."""

BELOW_THE_ROOT = {
    "Viewer.account": Access.SIGNED_IN,
    "Viewer.profile": Access.PROFILE,
    "Viewer.device": Access.SIGNED_IN,
    "Account.email": Access.OWNER,
    "Account.billingHistory": Access.OWNER,
    "Account.devices": Access.OWNER,
    "Membership.renewsAt": Access.OWNER,
    "Membership.endsAt": Access.OWNER,
    "Membership.pendingPlan": Access.OWNER,
    "Profile.history": Access.PROFILE,
    "Profile.ratings": Access.PROFILE,
    "ActiveStream.device": Access.OWNER,
    "HistoryEntry.device": Access.ADULT,
    "Download.device": Access.ADULT,
}
"""The fields that ask for more than their type does."""

OTHERWISE_KEPT = {
    "Query.node": "each kind of id has its rule in resolvers.nodes",
    "Query.nodes": "as `node`",
    "Query.home": "null for an account without a profile",
    "Suggestion.node": "names titles, people and genres alone",
    "Mutation.verifyEmail": "whoever holds the mail's token sees the account as such, and nothing that it has",
}
"""Fields that lead to what has a stricter rule, and what keeps it."""


def test_every_field_of_the_schema_has_a_rule() -> None:
    rules = {name_field(place): find_rule(place.parent.name, place.field) for place in walk_fields()}
    assert {coordinate for coordinate, rule in rules.items() if rule is None} == set()
    assert len(rules) > 500
    assert list_undeclared(served_schema()) == []


def name_field(place: Place) -> str:
    """With the type that it stands in, whatever interface asks for it."""
    return f"{place.parent.name}.{place.coordinate.partition('.')[2]}"


def test_every_root_declares_its_own_rule() -> None:
    for place in walk_fields():
        if place.parent.name in ROOTS:
            assert read_declared_access(place.field) is not None, place.coordinate


def test_types_with_a_rule_are_all_served() -> None:
    assert TYPES.keys() - served_schema().type_map.keys() == set()


def test_fields_that_ask_for_more_than_their_type_are_known() -> None:
    declared = {
        name_field(place): access
        for place in walk_fields()
        if place.parent.name not in ROOTS and (access := read_declared_access(place.field)) is not None
    }
    assert declared == BELOW_THE_ROOT


def list_kinds(place: Place) -> set[str]:
    """The types that a field's values may have."""
    named = get_named_type(place.field.type)
    kinds = {named.name} if is_object_type(named) or is_interface_type(named) else set()
    if is_abstract_type(named):
        kinds |= {possible.name for possible in served_schema().get_possible_types(named)}
    return kinds


def test_no_field_leads_to_what_has_a_stricter_rule() -> None:
    """Whoever may use a field may see what it gives: so a value is come by only as its type's rule says."""
    leading = set()
    for place in walk_fields():
        rule = find_rule(place.parent.name, place.field)
        assert rule is not None
        if any(TYPES[kind] not in HOLDS[rule] for kind in list_kinds(place)):
            leading.add(name_field(place))
    assert leading == OTHERWISE_KEPT.keys()


def test_devices_are_for_adults_but_for_what_the_profile_itself_uses() -> None:
    for_all = {
        name_field(place)
        for place in walk_fields()
        if get_named_type(place.field.type).name == "Device"
        and find_rule(place.parent.name, place.field) not in (Access.OWNER, Access.ADULT)
    }
    assert for_all == {"Viewer.device", "Mutation.registerDevice", "PlaybackSession.device", "PlaybackUpdate.device"}


def test_ids_find_no_more_than_their_types_rule_lets_be_seen() -> None:
    names = {"ACCOUNT": "Account", "INVOICE": "Invoice", "HOME": "Home", "GENRE": "Genre"}
    for kind, rule in RULES.items():
        name = names.get(kind.name, kind.name.title().replace("_", ""))
        assert TYPES[name] in HOLDS[rule], name


def test_visitors_may_use_what_the_contract_names() -> None:
    public = {
        place.coordinate
        for place in walk_fields()
        if place.parent.name in ROOTS and read_declared_access(place.field) is Access.PUBLIC
    }
    assert public == FOR_VISITORS


def test_kids_are_refused_what_is_for_adults_and_nothing_else() -> None:
    for_adults = {
        place.coordinate
        for place in walk_fields()
        if place.parent.name in ROOTS and read_declared_access(place.field) in (Access.OWNER, Access.ADULT)
    }
    assert for_adults == {name for name, root in ROOT_FIELDS.items() if root.kid == FORBIDDEN}
    assert not for_adults & SUBSCRIPTIONS.keys()


@strawberry.type
class Forgotten:
    value: str = "seen"
    guarded: str = field(access=Access.PUBLIC)


@strawberry.type
class Query:
    @strawberry.field
    def forgotten(self) -> Forgotten:
        return Forgotten(guarded="seen")


@pytest.mark.parametrize("text", ["{ forgotten { value } }", "{ forgotten { guarded } }"])
async def test_a_field_without_a_rule_is_refused_to_everybody(text: str) -> None:
    schema = strawberry.Schema(query=Query)
    assert set(list_undeclared(schema._schema)) == {"Query.forgotten", "Forgotten.value"}
    refuse_undeclared(schema._schema)
    result = await schema.execute(text)
    assert result.data is None
    assert [error.original_error.code for error in result.errors or ()] == ["FORBIDDEN"]  # type: ignore[union-attr]
