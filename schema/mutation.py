"""The root of mutations, each field with its access rule."""

import strawberry

from resolvers import (
    accounts,
    feedback,
    home_arrangement,
    ingest,
    memberships,
    my_list,
    playback,
    profiles,
    sign_in,
    studio,
    unavailable,
    uploads,
)
from resolvers.home_composer import prefetch_home
from schema.access import Access, root
from schema.downloads import Download, RequestDownloadResult
from schema.home import ContinueWatchingPayload, Home, MyListPayload
from schema.ingest import CreateUploadResult, StartIngestResult, Upload
from schema.playback import EventsPayload, ReportProgressResult, StartPlaybackResult
from schema.results import (
    AccountResult,
    DeleteAccountResult,
    LoginResult,
    MembershipResult,
    ProfileResult,
    RegisterAccountResult,
)
from schema.studio import AccountStandingResult, CatalogueChangeResult, CatalogueTitle
from schema.titles import Progress, Title
from schema.together import NotificationConnection, WatchPartyResult
from schema.viewer import Account, Device


@strawberry.type(description="Everything that can be changed. A field that fails leaves the others' results standing.")
class Mutation:
    register_account: RegisterAccountResult | None = root(accounts.register_account, Access.PUBLIC)
    login: LoginResult | None = root(
        sign_in.login,
        Access.PUBLIC,
        description=(
            "Signs in; the profile is the one asked for, or last used on the device, or the account's first, never "
            "one with a PIN unless it is given."
        ),
    )
    refresh_token: LoginResult | None = root(
        sign_in.refresh_token, Access.PUBLIC, description="Trades a refresh token for its successor, once."
    )
    logout: bool | None = root(sign_in.logout, Access.SIGNED_IN)
    verify_email: Account | None = root(accounts.verify_email, Access.PUBLIC)
    update_account: AccountResult | None = root(accounts.update_account, Access.OWNER)
    change_password: LoginResult | None = root(accounts.change_password, Access.OWNER)
    request_password_reset: bool | None = root(
        accounts.request_password_reset,
        Access.PUBLIC,
        description="Always TRUE, whether or not there is such an account.",
    )
    reset_password: LoginResult | None = root(
        accounts.reset_password,
        Access.PUBLIC,
        description=(
            "`removePins` takes the PINs of all profiles away, for who has forgotten that of every adult one: "
            "`setPin` is for adult profiles, and none can be entered."
        ),
    )
    delete_account: DeleteAccountResult | None = root(accounts.delete_account, Access.OWNER)
    switch_profile: LoginResult | None = root(sign_in.switch_profile, Access.SIGNED_IN)
    create_profile: ProfileResult | None = root(
        profiles.create_profile,
        Access.OWNER,
        description=(
            "What is left out begins as the asking profile's: language and, for adults, ceiling; kids begin with AGE_7."
        ),
    )
    update_profile: ProfileResult | None = root(
        profiles.update_profile, Access.OWNER, description="Its home follows with the next request."
    )
    delete_profile: AccountResult | None = root(
        profiles.delete_profile,
        Access.OWNER,
        description="With all that it did; ends the other sign-ins that use it. The last adult profile stays.",
    )
    set_pin: ProfileResult | None = root(
        profiles.set_pin, Access.OWNER, description="Four to eight digits; null takes the PIN away."
    )
    clear_history: ProfileResult | None = root(
        profiles.clear_history,
        Access.ADULT,
        description=(
            "Of the asking profile, or of a kids profile: what was watched, and where. My List and ratings stay."
        ),
    )
    register_device: Device | None = root(
        sign_in.register_device, Access.SIGNED_IN, description="Says what this device is, and binds the sign-in to it."
    )
    remove_device: AccountResult | None = root(
        sign_in.remove_device, Access.OWNER, description="Ends the sign-ins on the device."
    )

    start_membership: MembershipResult | None = root(memberships.start_membership, Access.OWNER)
    change_membership: MembershipResult | None = root(memberships.change_membership, Access.OWNER)
    cancel_membership: MembershipResult | None = root(memberships.cancel_membership, Access.OWNER)
    update_payment_method: MembershipResult | None = root(memberships.update_payment_method, Access.OWNER)

    add_to_my_list: MyListPayload | None = root(my_list.add_to_my_list, Access.PROFILE, description="In front.")
    remove_from_my_list: MyListPayload | None = root(my_list.remove_from_my_list, Access.PROFILE)
    move_in_my_list: MyListPayload | None = root(
        my_list.move_in_my_list, Access.PROFILE, description="Before `beforeId`, or to the end."
    )
    rate_title: Title | None = root(my_list.rate_title, Access.PROFILE, description="Null takes the rating back.")
    remove_from_continue_watching: ContinueWatchingPayload | None = root(
        my_list.remove_from_continue_watching, Access.PROFILE
    )
    submit_feedback: bool | None = root(
        feedback.submit_feedback,
        Access.PROFILE,
        description="To the operators, who are not told who wrote; `titleId` where it is about a title.",
    )

    start_playback: StartPlaybackResult | None = root(playback.start_playback, Access.PROFILE)
    report_progress: ReportProgressResult | None = root(unavailable.report_progress, Access.PROFILE)
    report_offline_progress: list[Progress | None] | None = root(
        unavailable.report_offline_progress,
        Access.PROFILE,
        description="Progress made without a connection, merged by when it was watched.",
    )
    stop_playback: ReportProgressResult | None = root(playback.stop_playback, Access.PROFILE)
    report_events: EventsPayload | None = root(
        unavailable.report_events,
        Access.PROFILE,
        description="Interaction and quality-of-experience events, batched by the client.",
    )

    request_download: RequestDownloadResult | None = root(unavailable.request_download, Access.PROFILE)
    complete_download: Download | None = root(unavailable.complete_download, Access.PROFILE)
    delete_download: Download | None = root(unavailable.delete_download, Access.PROFILE)

    create_watch_party: WatchPartyResult | None = root(unavailable.create_watch_party, Access.PROFILE)
    join_watch_party: WatchPartyResult | None = root(unavailable.join_watch_party, Access.PROFILE)
    leave_watch_party: bool | None = root(unavailable.leave_watch_party, Access.PROFILE)
    control_watch_party: WatchPartyResult | None = root(unavailable.control_watch_party, Access.PROFILE)
    report_to_watch_party: WatchPartyResult | None = root(
        unavailable.report_to_watch_party,
        Access.PROFILE,
        description="A member's own position and whether it waits for data.",
    )
    signal_watch_party: bool | None = root(
        unavailable.signal_watch_party,
        Access.PROFILE,
        description="Call signalling (WebRTC offer, answer, candidate) from one member to another.",
    )

    upsert_title: CatalogueChangeResult | None = root(
        studio.upsert_title,
        Access.OPERATOR,
        description="Makes a title, or changes one; what is changed here, no later import changes.",
    )
    set_availability: CatalogueChangeResult | None = root(
        studio.set_availability,
        Access.OPERATOR,
        description="Sets the windows of the regions that are named; a removed region was never licensed.",
    )
    withdraw_title: CatalogueTitle | None = root(
        studio.withdraw_title,
        Access.OPERATOR,
        description="Nobody finds it any more, and what plays of it ends within 5 s, until `restoreTitle`.",
    )
    restore_title: CatalogueTitle | None = root(
        studio.restore_title, Access.OPERATOR, description="Takes `withdrawTitle` back."
    )
    set_skip_markers: CatalogueChangeResult | None = root(
        studio.set_skip_markers,
        Access.OPERATOR,
        description="In place of all those of a film, an episode or a trailer.",
    )
    set_account_status: AccountStandingResult | None = root(
        studio.set_account_status,
        Access.OPERATOR,
        description=(
            "SUSPENDED ends the account's sign-ins within 5 s and refuses new ones, ACTIVE lets it sign in again. "
            "Named by its id or its e-mail address."
        ),
    )

    arrange_home: Home | None = root(
        home_arrangement.arrange_home,
        Access.PROFILE,
        prefetch=prefetch_home,
        description="The profile's own order of rows, and the rows it does not want; null puts the server's own back.",
    )

    create_upload: CreateUploadResult | None = root(uploads.create_upload, Access.OPERATOR)
    cancel_upload: Upload | None = root(
        uploads.cancel_upload,
        Access.OPERATOR,
        description="What was sent of it goes at once. Not once an ingest has begun with it.",
    )
    start_ingest: StartIngestResult | None = root(
        ingest.start_ingest,
        Access.OPERATOR,
        description="Once all parts are there. The same again, of the same file, is made only once.",
    )

    mark_notifications_read: NotificationConnection | None = root(unavailable.mark_notifications_read, Access.PROFILE)
