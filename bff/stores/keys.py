"""Every Redis key name, in one place."""

import hashlib


def catalogue_version() -> str:
    """The version of the newest title card; processes compare it with that of their snapshot."""
    return "catalogue:version"


def catalogue_changes() -> str:
    """The channel that says when that version changed: what it is now."""
    return "catalogue:changes"


def profile_state(profile_id: str) -> str:
    """A profile's `ProfileState` as msgpack, behind its version in eight bytes."""
    return f"profile:{profile_id}:state"


def profile_home(profile_id: str, setting: str) -> str:
    """The latest `HomeDocument` of a profile where it is `setting` (region and part of the day), as msgpack."""
    return f"profile:{profile_id}:home:{setting}"


def pinned_home(profile_id: str, version: str) -> str:
    """A `HomeDocument` by its version, kept while a client may page through it."""
    return f"profile:{profile_id}:home-version:{version}"


def all_of_profile(profile_id: str) -> str:
    """The pattern of every key about a profile: all of them begin with it."""
    return f"profile:{profile_id}:*"


def home_changes(profile_id: str) -> str:
    """The channel that says when a profile arranged its home: row ids as JSON."""
    return f"profile:{profile_id}:home-changes"


def device(device_id: str) -> str:
    """A registered device as msgpack."""
    return f"device:{device_id}"


def rate_of_account(account_id: str) -> str:
    """What is left of an account's share: a hash of `tokens` and the time `at` which it was so."""
    return f"rate:account:{account_id}"


def rate_of_address(network: str) -> str:
    """The same of an address without a token."""
    return f"rate:address:{network}"


def login_failures_of_account(email: str) -> str:
    """Sign-ins that failed in the last minute; addresses of nobody count, too, and none is written down."""
    return f"login-failures:account:{hashlib.sha256(email.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"


def login_failures_of_address(network: str) -> str:
    """Sign-ins from there that failed in the last minute."""
    return f"login-failures:address:{network}"


def mail_requests_of_address(network: str) -> str:
    """Mails that somebody there has asked for in the last hour."""
    return f"mail-requests:address:{network}"


def feedback_of_profile(profile_id: str) -> str:
    """What a profile has written to operators in the last hour, as times."""
    return f"profile:{profile_id}:feedback"
