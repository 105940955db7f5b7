"""The map of costs: how long every list of the graph can get, and which fields cost more than the value they bring.

A list that is added without a size fails a test: sizes keep one operation from wearing the service out.
"""

from bff.artwork.portraits import AVATARS
from bff.domain.costs import CostMap, Size
from bff.domain.paging import CARDS_CAP, LIST_CAP, ROWS_CAP
from resolvers import feedback, home_pages, ingest, my_list, search, seasons, studio, titles, viewer


def up_to(count: int) -> Size:
    """A list that takes no argument: what it holds at most, or hardly ever more than."""
    return Size(count, count, None)


CARDS = Size(titles.DEFAULT_PAGE, CARDS_CAP)
LISTED = Size(my_list.DEFAULT_PAGE, CARDS_CAP)
LATEST = Size(viewer.DEFAULT_PAGE, LIST_CAP)

SIZES = {
    "Query.nodes": Size(LIST_CAP, LIST_CAP, "ids"),
    "Query.titles": Size(LIST_CAP, LIST_CAP, "ids"),
    "Query.genres": up_to(40),
    "Query.plans": up_to(3),
    "Query.avatars": up_to(len(AVATARS)),
    "Query.browse": CARDS,
    "Query.trending": CARDS,
    "Query.search": Size(search.DEFAULT_PAGE, CARDS_CAP),
    "Query.suggest": Size(search.DEFAULT_SUGGESTIONS, LIST_CAP),
    "Query.continueWatching": LISTED,
    "Query.myList": LISTED,
    "Query.notifications": LATEST,
    "Query.ingestJobs": Size(ingest.DEFAULT_PAGE, LIST_CAP),
    "Upload.parts": Size(LIST_CAP, LIST_CAP),
    "IngestJob.codecs": up_to(4),
    "IngestJob.workingOn": up_to(20),
    "UploadIncomplete.missing": up_to(LIST_CAP),
    "Query.catalogueTitles": Size(studio.DEFAULT_PAGE, LIST_CAP),
    "Query.feedback": Size(feedback.DEFAULT_PAGE, LIST_CAP),
    "Mutation.reportOfflineProgress": Size(LIST_CAP, LIST_CAP, "reports"),
    "Mutation.markNotificationsRead": up_to(viewer.DEFAULT_PAGE),
    "MyListPayload.myList": LISTED,
    "ContinueWatchingPayload.continueWatching": LISTED,
    "Home.rows": Size(max(home_pages.ROWS_ON_SCREEN.values()), ROWS_CAP),
    "Home.hiddenRows": up_to(ROWS_CAP),
    "Row.items": Size(max(home_pages.CARDS_ON_SCREEN.values()), CARDS_CAP),
    "Title.genres": up_to(4),
    "Title.credits": Size(titles.DEFAULT_PAGE, LIST_CAP),
    "Title.trailers": up_to(4),
    "Title.similar": CARDS,
    "Series.seasons": up_to(40),
    "Season.episodes": Size(seasons.DEFAULT_EPISODES, LIST_CAP),
    "Genre.titles": CARDS,
    "Person.titles": CARDS,
    "CatalogueTitle.genres": up_to(10),
    "CatalogueTitle.credits": up_to(100),
    "CatalogueTitle.windows": up_to(50),
    "CatalogueTitle.seasons": up_to(20),
    "CatalogueTitle.trailers": up_to(4),
    "CatalogueSeason.episodes": up_to(30),
    "CataloguePlayable.skipMarkers": up_to(4),
    "SearchConnection.facets": up_to(20),
    "SearchConnection.people": up_to(10),
    "Playable.audioTracks": up_to(10),
    "Playable.subtitles": up_to(20),
    "Playable.renditions": up_to(12),
    "Playable.skipMarkers": up_to(4),
    "PlaybackSession.drm": up_to(4),
    "PlaybackSession.audioTracks": up_to(10),
    "PlaybackSession.subtitles": up_to(20),
    "PlaybackSession.skipMarkers": up_to(4),
    "PlaybackSession.renditions": up_to(12),
    "PlaybackSession.refused": up_to(24),
    "Account.billingHistory": LATEST,
    "Account.profiles": up_to(5),
    "Account.devices": up_to(20),
    "Account.activeStreams": up_to(4),
    "Profile.history": LATEST,
    "Profile.ratings": LATEST,
    "StreamLimitReached.active": up_to(4),
    "InvalidInput.fields": up_to(10),
    "EventsPayload.refused": up_to(LIST_CAP),
    "DownloadLibrary.downloads": up_to(LIST_CAP),
    "Download.licenses": up_to(4),
    "WatchParty.members": up_to(20),
}

_LOGIN = 500
"""A password is hashed, or a secret looked up that must not be guessed."""
_CHARGE = 500
"""A payment gateway is asked, which counts, and does not like, those who try cards."""
_QUERY = 50
"""A read of its own from an engine, or a walk through the whole catalogue."""
_INTROSPECTION = 400
"""Most of the schema's thousands of names and texts."""

WEIGHTS = {
    "Query.__schema": _INTROSPECTION,
    "Mutation.registerAccount": _LOGIN,
    "Mutation.login": _LOGIN,
    "Mutation.updateAccount": _LOGIN,
    "Mutation.changePassword": _LOGIN,
    "Mutation.resetPassword": _LOGIN,
    "Mutation.requestPasswordReset": _LOGIN,
    "Mutation.deleteAccount": _LOGIN,
    "Mutation.createProfile": _LOGIN,
    "Mutation.updateProfile": _LOGIN,
    "Mutation.deleteProfile": _LOGIN,
    "Mutation.setPin": _LOGIN,
    "Mutation.switchProfile": _LOGIN,
    "Mutation.refreshToken": _LOGIN,
    "Mutation.startMembership": _CHARGE,
    "Mutation.changeMembership": _CHARGE,
    "Mutation.updatePaymentMethod": _CHARGE,
    "Query.service": _QUERY,
    "Query.upload": _QUERY,
    "Query.ingestJob": _QUERY,
    "Query.ingestJobs": _QUERY,
    "Query.catalogueTitle": _QUERY,
    "Query.catalogueTitles": _QUERY,
    "Query.feedback": _QUERY,
    "Mutation.upsertTitle": 2 * _QUERY,
    "Mutation.setAvailability": 2 * _QUERY,
    "Mutation.withdrawTitle": 2 * _QUERY,
    "Mutation.restoreTitle": 2 * _QUERY,
    "Mutation.setSkipMarkers": 2 * _QUERY,
    "Mutation.setAccountStatus": _QUERY,
    "Query.search": 2 * _QUERY,
    "Query.suggest": _QUERY,
    "Query.browse": _QUERY,
    "Query.watchParty": _QUERY,
    "Query.playbackSession": _QUERY,
    "Query.downloads": _QUERY,
    "Query.notifications": _QUERY,
    "Title.similar": _QUERY,
    "Viewer.account": _QUERY,
    "Account.billingHistory": _QUERY,
    "Account.devices": _QUERY,
    "Account.activeStreams": _QUERY,
    "Profile.history": _QUERY,
    "Profile.ratings": _QUERY,
}

LOGIN_FIELDS = frozenset(
    {
        "registerAccount",
        "login",
        "refreshToken",
        "switchProfile",
        "verifyEmail",
        "updateAccount",
        "changePassword",
        "requestPasswordReset",
        "resetPassword",
        "deleteAccount",
        "deleteProfile",
        "setPin",
    }
)

COSTS = CostMap(sizes=SIZES, weights=WEIGHTS, login_fields=LOGIN_FIELDS)
