"""The rule of every type: what somebody must be to come by a value of it. Its fields have it, too, but for those that
declare one of their own (`schema.access`); the fields of the roots all do. A type that is not here is refused to all.
"""

from collections.abc import Iterator
from typing import Any

from graphql import GraphQLField, GraphQLSchema, is_interface_type, is_introspection_type, is_object_type

from bff.errors import Forbidden
from schema.access import Access, read_declared_access

_PUBLIC = """
    Movie Title Node Genre TitleConnection TitleEdge PageInfo Credit Person Image Preview Availability Progress Playable
    TrickPlay AudioTrack SubtitleTrack Rendition SkipMarker Series Season EpisodeConnection EpisodeEdge Episode Trailer
    SearchConnection SearchEdge SearchMatch GenreFacet Suggestion Viewer Plan Money Session Problem InvalidInput
    FieldProblem InvalidCredentials PinRequired AccountDeleted
"""
_SIGNED_IN = """
    Account Membership Profile PlaybackPreferences Device DeviceCapabilities ActiveStream Avatar
"""
_PROFILE = """
    Home Hero RowConnection RowEdge Row RowItemConnection RowItemEdge RowItem TitleItem ContinueItem RankedItem
    ContinueConnection ContinueEdge MyListConnection MyListEdge MyListPayload ContinueWatchingPayload
    HistoryConnection HistoryEdge HistoryEntry RatingConnection RatingEdge
    PlaybackSession DrmLicense Edge RefusedRendition NotAvailable StreamLimitReached PlanUpgradeRequired
    MembershipRequired NotReady SessionEnded EventsPayload RefusedEvent PlaybackUpdate
    DownloadLibrary Download DownloadLimitReached
    NotificationConnection NotificationEdge Notification
    WatchParty PartyMember PartyNotFound PartyFull PartyConflict PartySignal HomeChange
"""
_OWNER = """
    InvoiceConnection InvoiceEdge Invoice ProfileLimitReached PaymentDeclined PaymentActionRequired
"""
_OPERATOR = """
    Service Upload UploadPart UploadIncomplete IngestJob IngestJobConnection IngestJobEdge
    CatalogueTitle CatalogueSeason CataloguePlayable CatalogueWindow CatalogueTitleConnection CatalogueTitleEdge
    FeedbackConnection FeedbackEdge Feedback AccountStanding
"""

TYPES = {
    name: access
    for access, names in (
        (Access.PUBLIC, _PUBLIC),
        (Access.SIGNED_IN, _SIGNED_IN),
        (Access.PROFILE, _PROFILE),
        (Access.OWNER, _OWNER),
        (Access.OPERATOR, _OPERATOR),
    )
    for name in names.split()
}


def find_rule(type_name: str, field: GraphQLField) -> Access | None:
    """What the field declares, else what its type does; None for neither."""
    return read_declared_access(field) or TYPES.get(type_name)


def refuse_undeclared(schema: GraphQLSchema) -> None:
    """Nobody may use a field that has no rule."""
    for _, field in _walk_undeclared(schema):
        field.resolve = field.subscribe = _refuse


def list_undeclared(schema: GraphQLSchema) -> list[str]:
    """Coordinates of the fields without a rule."""
    return [coordinate for coordinate, _ in _walk_undeclared(schema)]


def _walk_undeclared(schema: GraphQLSchema) -> Iterator[tuple[str, GraphQLField]]:
    for named in schema.type_map.values():
        if is_introspection_type(named) or not (is_object_type(named) or is_interface_type(named)):
            continue
        for name, field in named.fields.items():
            if find_rule(named.name, field) is None:
                yield f"{named.name}.{name}", field


def _refuse(_source: Any, _info: Any, **_arguments: Any) -> None:
    raise Forbidden("Nobody may use this field: it has no rule.")
