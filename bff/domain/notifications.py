"""What a viewer should hear of."""

from enum import StrEnum


class NotificationKind(StrEnum):
    """ACCOUNT is about the account itself: a sign-in, a payment."""

    NEW_EPISODE = "NEW_EPISODE"
    NEW_SEASON = "NEW_SEASON"
    LEAVING_SOON = "LEAVING_SOON"
    DOWNLOAD_EXPIRING = "DOWNLOAD_EXPIRING"
    ACCOUNT = "ACCOUNT"
