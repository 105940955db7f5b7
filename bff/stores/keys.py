"""Every Redis key name, in one place."""


def catalogue_version() -> str:
    """The version of the newest title card; processes compare it with that of their snapshot."""
    return "catalogue:version"


def profile_state(profile_id: str) -> str:
    """A profile's `ProfileState` as msgpack, behind its version in eight bytes."""
    return f"profile:{profile_id}:state"


def profile_home(profile_id: str) -> str:
    """The latest `HomeDocument` of a profile, as msgpack."""
    return f"profile:{profile_id}:home"


def pinned_home(profile_id: str, version: str) -> str:
    """An earlier `HomeDocument`, kept while a client may page through it."""
    return f"profile:{profile_id}:home:{version}"


def device(device_id: str) -> str:
    """A registered device as msgpack."""
    return f"device:{device_id}"
