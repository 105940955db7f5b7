"""Where values of each type are come by: what the matrix of access asks below.

`{}` stands for the fields. `$id` is an id of the household that the matrix is about; a path without it leads to what
belongs to whoever asks.
"""

from dataclasses import dataclass

KIDS_TOO = "kids too"
NOT_KIDS = "not kids"
"""What a kids profile of the same account may find by an id of the adult, and what is like nothing to it."""


@dataclass(frozen=True)
class ById:
    """`of` names the id among the household's."""

    of: str
    text: str
    kids: str = KIDS_TOO


@dataclass(frozen=True)
class Own:
    """What each has of their own, or all share; `root` is the field of the root that leads there."""

    root: str
    text: str


def by_id(of: str, type_name: str, inner: str = "{}", kids: str = KIDS_TOO) -> ById:
    return ById(of, f"node(id: $id) {{{{ ... on {type_name} {{{{ {inner} }}}} }}}}", kids)


def below(*names: str) -> str:
    """`below("a", "b")` is `a { b { {} } }`, doubled for `format`."""
    inner = "{}"
    for name in reversed(names):
        inner = f"{name} {{{{ {inner} }}}}"
    return inner


TITLE = "browse(first: 5)"
HELD = "catalogueTitles(first: 5)"

PATHS: dict[str, ById | Own] = {
    "Viewer": Own("viewer", below("viewer")),
    "Account": by_id("account", "Account"),
    "Membership": by_id("membership", "Membership", kids=NOT_KIDS),
    "Invoice": by_id("invoice", "Invoice", kids=NOT_KIDS),
    "Profile": by_id("profile", "Profile"),
    "PlaybackPreferences": by_id("profile", "Profile", below("preferences")),
    "Device": by_id("device", "Device", kids=NOT_KIDS),
    "DeviceCapabilities": by_id("device", "Device", below("capabilities"), kids=NOT_KIDS),
    "Home": by_id("home", "Home", kids=NOT_KIDS),
    "Row": by_id("row", "Row", kids=NOT_KIDS),
    "RowItemConnection": by_id("row", "Row", below("items"), kids=NOT_KIDS),
    "RowItemEdge": by_id("row", "Row", below("items", "edges"), kids=NOT_KIDS),
    "RowItem": by_id("row", "Row", below("items", "edges", "node"), kids=NOT_KIDS),
    "RowConnection": by_id("home", "Home", below("rows"), kids=NOT_KIDS),
    "RowEdge": by_id("home", "Home", below("rows", "edges"), kids=NOT_KIDS),
    "Hero": by_id("home", "Home", below("hero"), kids=NOT_KIDS),
    "PlaybackSession": by_id("session", "PlaybackSession", kids=NOT_KIDS),
    "DrmLicense": by_id("session", "PlaybackSession", below("drm"), kids=NOT_KIDS),
    "Edge": by_id("session", "PlaybackSession", below("edge"), kids=NOT_KIDS),
    "RefusedRendition": by_id("session", "PlaybackSession", below("refused"), kids=NOT_KIDS),
    "Plan": Own("plans", below("plans")),
    "Money": Own("plans", below("plans", "price")),
    "Avatar": Own("avatars", below("avatars")),
    "Service": Own("service", below("service")),
    "IngestJobConnection": Own("ingestJobs", below("ingestJobs")),
    "IngestJobEdge": Own("ingestJobs", below("ingestJobs", "edges")),
    "IngestJob": Own("ingestJobs", below("ingestJobs", "edges", "node")),
    "CatalogueTitleConnection": Own("catalogueTitles", below(HELD)),
    "CatalogueTitleEdge": Own("catalogueTitles", below(HELD, "edges")),
    "CatalogueTitle": Own("catalogueTitles", below(HELD, "edges", "node")),
    "CatalogueWindow": Own("catalogueTitles", below(HELD, "edges", "node", "windows")),
    "CataloguePlayable": Own("catalogueTitles", below(HELD, "edges", "node", "film")),
    "CatalogueSeason": Own("catalogueTitles", below(HELD, "edges", "node", "seasons")),
    "FeedbackConnection": Own("feedback", below("feedback")),
    "FeedbackEdge": Own("feedback", below("feedback", "edges")),
    "Feedback": Own("feedback", below("feedback", "edges", "node")),
    "ContinueConnection": Own("continueWatching", below("continueWatching")),
    "ContinueEdge": Own("continueWatching", below("continueWatching", "edges")),
    "ContinueItem": Own("continueWatching", below("continueWatching", "edges", "node")),
    "MyListConnection": Own("myList", below("myList")),
    "MyListEdge": Own("myList", below("myList", "edges")),
    "TitleConnection": Own("browse", below(TITLE)),
    "TitleEdge": Own("browse", below(TITLE, "edges")),
    "PageInfo": Own("browse", below(TITLE, "pageInfo")),
    "Title": Own("browse", below(TITLE, "edges", "node")),
    "Image": Own("browse", below(TITLE, "edges", "node", "artwork")),
    "Credit": Own("browse", below(TITLE, "edges", "node", "credits")),
    "Person": Own("browse", below(TITLE, "edges", "node", "credits", "person")),
    "Availability": Own("browse", below(TITLE, "edges", "node", "availability")),
    "Genre": Own("genres", below("genres")),
    "SearchConnection": Own("search", below('search(query: "a")')),
    "SearchEdge": Own("search", below('search(query: "a")', "edges")),
    "SearchMatch": Own("search", below('search(query: "a")', "edges", "match")),
    "GenreFacet": Own("search", below('search(query: "a")', "facets")),
    "Suggestion": Own("suggest", below('suggest(prefix: "a")')),
    "Node": by_id("account", "Node"),
}

LOOKING_INTO = {
    "HistoryConnection": below("history"),
    "HistoryEdge": below("history", "edges"),
    "HistoryEntry": below("history", "edges", "node"),
    "RatingConnection": below("ratings"),
    "RatingEdge": below("ratings", "edges"),
}
"""Below a profile: for itself, and of kids for adults."""

BILLING = {
    "InvoiceConnection": below("billingHistory"),
    "InvoiceEdge": below("billingHistory", "edges"),
}
"""Below an account: hidden from kids."""

CATALOGUE = frozenset(
    {
        "Movie", "Series", "Season", "Episode", "Trailer", "Playable", "EpisodeConnection", "EpisodeEdge", "Preview",
        "Progress", "TrickPlay", "AudioTrack", "SubtitleTrack", "Rendition", "SkipMarker", "TitleItem", "RankedItem",
    }
)  # fmt: skip
"""Titles, what they consist of and how rows hold them: whether they show is the matrix of visibility's concern."""

ANSWERS = frozenset(
    {
        "Session", "Problem", "InvalidInput", "FieldProblem", "InvalidCredentials", "PinRequired", "AccountDeleted",
        "ProfileLimitReached", "PaymentDeclined", "PaymentActionRequired", "MyListPayload", "ContinueWatchingPayload",
        "EventsPayload", "RefusedEvent", "NotAvailable", "StreamLimitReached", "PlanUpgradeRequired",
        "MembershipRequired", "NotReady", "SessionEnded", "DownloadLimitReached", "PartyNotFound", "PartyFull",
        "PartyConflict", "HomeChange", "PlaybackUpdate", "PartySignal", "Upload", "UploadPart",
        "UploadIncomplete", "AccountStanding",
    }
)  # fmt: skip
"""What mutations and subscriptions give to who may use them, as tests/root_fields.py says."""

UNSERVED = frozenset(
    {
        "ActiveStream", "DownloadLibrary", "Download", "NotificationConnection", "NotificationEdge", "Notification",
        "WatchParty", "PartyMember",
    }
)  # fmt: skip
"""Below roots that answer UNAVAILABLE, or a list that is empty so far: give each its path when it is served."""
