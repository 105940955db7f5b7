"""One operation for every root field, with what it answers to whom. A field without an entry fails a test."""

from dataclasses import dataclass

OK = ""
UNAVAILABLE, NOT_FOUND, FORBIDDEN, UNAUTHENTICATED = "UNAVAILABLE", "NOT_FOUND", "FORBIDDEN", "UNAUTHENTICATED"
BAD_USER_INPUT = "BAD_USER_INPUT"
CONFLICT = "CONFLICT"


@dataclass(frozen=True)
class RootField:
    """`text` asks for the field alone, under the alias `field`; `adult` is the code that an adult profile gets.

    `kid` and `bare` (an account without a profile) are told where they differ from that.
    """

    text: str
    adult: str = OK
    kid: str | None = None
    bare: str | None = None


def of_profile(text: str, adult: str = OK) -> RootField:
    return RootField(text, adult, bare=FORBIDDEN)


def of_adult(text: str, adult: str = UNAVAILABLE) -> RootField:
    return RootField(text, adult, kid=FORBIDDEN, bare=FORBIDDEN)


def of_owner(text: str, adult: str = OK, bare: str | None = None) -> RootField:
    """An account without profiles is an adult's, too."""
    return RootField(text, adult, kid=FORBIDDEN, bare=bare)


def of_operator(text: str, operator: str = OK) -> RootField:
    """The bare account of the tests is an operator's."""
    return RootField(text, FORBIDDEN, bare=operator)


SESSION = "{ __typename }"
NO_TITLE = '"tit_aaaaaaaaaaaaaaaa"'
NO_DEVICE = '"dev_aaaaaaaaaaaaaaaa"'
AT = '"2026-01-01T00:00:00Z"'

FOR_VISITORS = frozenset({
    "Query.viewer",
    "Query.genres",
    "Query.plans",
    "Query.title",
    "Query.titles",
    "Query.browse",
    "Query.trending",
    "Query.search",
    "Query.suggest",
    "Query.node",
    "Query.nodes",
    "Mutation.registerAccount",
    "Mutation.login",
    "Mutation.refreshToken",
    "Mutation.verifyEmail",
    "Mutation.requestPasswordReset",
    "Mutation.resetPassword",
})  # fmt: skip
"""What the contract's http.md lets visitors use; they get what an adult gets."""

ROOT_FIELDS = {
    "Query.node": RootField('{ field: node(id: "x") { id } }'),
    "Query.nodes": RootField('{ field: nodes(ids: ["x"]) { id } }'),
    "Query.viewer": RootField("{ field: viewer { region } }"),
    "Query.home": RootField("{ field: home { id } }"),
    "Query.title": RootField('{ field: title(id: "x") { id } }'),
    "Query.titles": RootField('{ field: titles(ids: ["x"]) { id } }'),
    "Query.genres": RootField("{ field: genres { id } }"),
    "Query.plans": RootField("{ field: plans { code } }"),
    "Query.avatars": RootField("{ field: avatars { key } }"),
    "Query.browse": RootField("{ field: browse { totalCount } }"),
    "Query.trending": RootField("{ field: trending { totalCount } }"),
    "Query.search": RootField('{ field: search(query: "x") { totalCount } }'),
    "Query.suggest": RootField('{ field: suggest(prefix: "x") { text } }'),
    "Query.upload": of_operator('{ field: upload(id: "x") { id } }'),
    "Query.ingestJob": of_operator('{ field: ingestJob(id: "x") { id } }'),
    "Query.ingestJobs": of_operator("{ field: ingestJobs { pageInfo { hasNextPage } } }"),
    "Query.service": of_operator("{ field: service { titleCount } }"),
    "Query.catalogueTitle": of_operator('{ field: catalogueTitle(id: "x") { id } }'),
    "Query.catalogueTitles": of_operator("{ field: catalogueTitles(first: 1) { totalCount } }"),
    "Query.feedback": of_operator("{ field: feedback(first: 1) { pageInfo { hasNextPage } } }"),
    "Query.continueWatching": of_profile("{ field: continueWatching { pageInfo { hasNextPage } } }"),
    "Query.myList": of_profile("{ field: myList { totalCount } }"),
    "Query.downloads": of_profile("{ field: downloads { usedBytes } }", UNAVAILABLE),
    "Query.playbackSession": of_profile('{ field: playbackSession(id: "x") { id } }'),
    "Query.watchParty": of_profile('{ field: watchParty(code: "x") { id } }', UNAVAILABLE),
    "Query.notifications": of_profile("{ field: notifications { unreadCount } }", UNAVAILABLE),
    "Mutation.registerAccount": RootField(
        f'mutation {{ field: registerAccount(input: {{email: "a@b.c", password: "x", country: "US"}}) {SESSION} }}'
    ),
    "Mutation.login": RootField(f'mutation {{ field: login(input: {{email: "no", password: "no"}}) {SESSION} }}'),
    "Mutation.refreshToken": RootField(f'mutation {{ field: refreshToken(refreshToken: "no") {SESSION} }}'),
    "Mutation.logout": RootField("mutation { field: logout }"),
    "Mutation.verifyEmail": RootField('mutation { field: verifyEmail(token: "x") { id } }', NOT_FOUND),
    "Mutation.updateAccount": of_owner(f"mutation {{ field: updateAccount(input: {{}}) {SESSION} }}"),
    "Mutation.changePassword": of_owner(f'mutation {{ field: changePassword(current: "a", new: "b") {SESSION} }}'),
    "Mutation.requestPasswordReset": RootField('mutation { field: requestPasswordReset(email: "no") }'),
    "Mutation.resetPassword": RootField(f'mutation {{ field: resetPassword(token: "x", password: "y") {SESSION} }}'),
    "Mutation.deleteAccount": of_owner(f'mutation {{ field: deleteAccount(password: "x") {SESSION} }}'),
    "Mutation.switchProfile": RootField(
        f'mutation {{ field: switchProfile(profileId: "pro_a") {SESSION} }}', NOT_FOUND
    ),
    "Mutation.createProfile": of_owner(f'mutation {{ field: createProfile(input: {{name: ""}}) {SESSION} }}', OK),
    "Mutation.updateProfile": of_owner(
        f'mutation {{ field: updateProfile(profileId: "x", input: {{}}) {SESSION} }}', NOT_FOUND
    ),
    "Mutation.deleteProfile": of_owner(
        f'mutation {{ field: deleteProfile(profileId: "x", password: "y") {SESSION} }}', NOT_FOUND
    ),
    "Mutation.setPin": of_owner(f'mutation {{ field: setPin(profileId: "x", password: "y") {SESSION} }}', NOT_FOUND),
    "Mutation.clearHistory": of_adult(f'mutation {{ field: clearHistory(profileId: "x") {SESSION} }}', NOT_FOUND),
    "Mutation.registerDevice": RootField("mutation { field: registerDevice(input: {class: TV}) { id } }"),
    "Mutation.removeDevice": of_owner(
        f"mutation {{ field: removeDevice(deviceId: {NO_DEVICE}) {SESSION} }}", NOT_FOUND
    ),
    "Mutation.startMembership": RootField(
        f"mutation {{ field: startMembership(input: {{plan: BASIC}}) {SESSION} }}", CONFLICT, kid=FORBIDDEN, bare=OK
    ),
    "Mutation.changeMembership": of_owner(
        f"mutation {{ field: changeMembership(plan: BASIC) {SESSION} }}", bare=NOT_FOUND
    ),
    "Mutation.cancelMembership": of_owner(f"mutation {{ field: cancelMembership {SESSION} }}", bare=NOT_FOUND),
    "Mutation.updatePaymentMethod": of_owner(
        f'mutation {{ field: updatePaymentMethod(paymentToken: "x") {SESSION} }}', bare=NOT_FOUND
    ),
    "Mutation.addToMyList": of_profile(f"mutation {{ field: addToMyList(titleId: {NO_TITLE}) {SESSION} }}", NOT_FOUND),
    "Mutation.removeFromMyList": of_profile(
        f"mutation {{ field: removeFromMyList(titleId: {NO_TITLE}) {SESSION} }}", NOT_FOUND
    ),
    "Mutation.moveInMyList": of_profile(
        f"mutation {{ field: moveInMyList(titleId: {NO_TITLE}) {SESSION} }}", NOT_FOUND
    ),
    "Mutation.rateTitle": of_profile(f"mutation {{ field: rateTitle(titleId: {NO_TITLE}) {SESSION} }}", NOT_FOUND),
    "Mutation.removeFromContinueWatching": of_profile(
        f"mutation {{ field: removeFromContinueWatching(titleId: {NO_TITLE}) {SESSION} }}", NOT_FOUND
    ),
    "Mutation.submitFeedback": of_profile('mutation { field: submitFeedback(text: "x") }'),
    "Mutation.upsertTitle": of_operator(f"mutation {{ field: upsertTitle(input: {{}}) {SESSION} }}"),
    "Mutation.setAvailability": of_operator(
        f"mutation {{ field: setAvailability(titleId: {NO_TITLE}) {SESSION} }}", NOT_FOUND
    ),
    "Mutation.withdrawTitle": of_operator(
        f"mutation {{ field: withdrawTitle(titleId: {NO_TITLE}) {SESSION} }}", NOT_FOUND
    ),
    "Mutation.restoreTitle": of_operator(
        f"mutation {{ field: restoreTitle(titleId: {NO_TITLE}) {SESSION} }}", NOT_FOUND
    ),
    "Mutation.setSkipMarkers": of_operator(
        f"mutation {{ field: setSkipMarkers(playableId: {NO_TITLE}, markers: []) {SESSION} }}", NOT_FOUND
    ),
    "Mutation.setAccountStatus": of_operator(
        f'mutation {{ field: setAccountStatus(accountId: "acc_x", status: ACTIVE) {SESSION} }}', NOT_FOUND
    ),
    "Mutation.startPlayback": of_profile(
        f"mutation {{ field: startPlayback(input: {{playableId: {NO_TITLE}}}) {SESSION} }}", NOT_FOUND
    ),
    "Mutation.reportProgress": of_profile(
        f"""mutation {{ field: reportProgress(input: {{sessionId: "x", position: 1, state: PLAYING, seq: 1}})
            {SESSION} }}""",
        UNAVAILABLE,
    ),
    "Mutation.reportOfflineProgress": of_profile(
        f"""mutation {{ field: reportOfflineProgress(reports: [
            {{playableId: {NO_TITLE}, deviceId: {NO_DEVICE}, position: 1, at: {AT}}}]) {{ position }} }}""",
        UNAVAILABLE,
    ),
    "Mutation.stopPlayback": of_profile(f'mutation {{ field: stopPlayback(sessionId: "x") {SESSION} }}', NOT_FOUND),
    "Mutation.reportEvents": of_profile(
        f'mutation {{ field: reportEvents(events: [{{id: "x", kind: PLAY, at: {AT}}}]) {{ accepted }} }}', UNAVAILABLE
    ),
    "Mutation.requestDownload": of_profile(
        f"mutation {{ field: requestDownload(input: {{playableId: {NO_TITLE}, deviceId: {NO_DEVICE}}}) {SESSION} }}",
        UNAVAILABLE,
    ),
    "Mutation.completeDownload": of_profile(
        'mutation { field: completeDownload(downloadId: "x") { id } }', UNAVAILABLE
    ),
    "Mutation.deleteDownload": of_profile('mutation { field: deleteDownload(downloadId: "x") { id } }', UNAVAILABLE),
    "Mutation.createWatchParty": of_profile(
        f"mutation {{ field: createWatchParty(playableId: {NO_TITLE}) {SESSION} }}", UNAVAILABLE
    ),
    "Mutation.joinWatchParty": of_profile(f'mutation {{ field: joinWatchParty(code: "x") {SESSION} }}', UNAVAILABLE),
    "Mutation.leaveWatchParty": of_profile('mutation { field: leaveWatchParty(partyId: "x") }', UNAVAILABLE),
    "Mutation.controlWatchParty": of_profile(
        f"""mutation {{ field: controlWatchParty(input: {{partyId: "x", revision: 1, state: PLAYING, position: 1}})
            {SESSION} }}""",
        UNAVAILABLE,
    ),
    "Mutation.reportToWatchParty": of_profile(
        f'mutation {{ field: reportToWatchParty(partyId: "x", position: 1, isBuffering: false) {SESSION} }}',
        UNAVAILABLE,
    ),
    "Mutation.signalWatchParty": of_profile(
        'mutation { field: signalWatchParty(partyId: "x", toMemberId: "y", payload: "z") }', UNAVAILABLE
    ),
    "Mutation.arrangeHome": of_profile("mutation { field: arrangeHome { id } }"),
    "Mutation.createUpload": of_operator(
        f'mutation {{ field: createUpload(input: {{fileName: "x", sizeBytes: 0, sha256: "x"}}) {SESSION} }}'
    ),
    "Mutation.cancelUpload": of_operator('mutation { field: cancelUpload(id: "upl_none") { id } }', NOT_FOUND),
    "Mutation.startIngest": of_operator(
        f'mutation {{ field: startIngest(input: {{uploadId: "x", titleId: {NO_TITLE}}}) {SESSION} }}', NOT_FOUND
    ),
    "Mutation.markNotificationsRead": of_profile(
        'mutation { field: markNotificationsRead(ids: ["x"]) { unreadCount } }', UNAVAILABLE
    ),
}

SUBSCRIPTIONS = {
    "Subscription.playbackSync": "subscription { playbackSync { cursor } }",
    "Subscription.watchParty": 'subscription { watchParty(partyId: "x") { id } }',
    "Subscription.watchPartySignal": 'subscription { watchPartySignal(partyId: "x") { payload } }',
    "Subscription.notificationReceived": "subscription { notificationReceived { id } }",
    "Subscription.ingestProgress": 'subscription { ingestProgress(id: "x") { percent } }',
    "Subscription.homeChanged": "subscription { homeChanged { changedRowIds } }",
}
"""Over POST without an event stream these are no answerable operations, for anybody."""
