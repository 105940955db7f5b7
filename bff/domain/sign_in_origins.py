"""Where sign-ins come from: what tells one device or country from another, and how they are named to the viewer."""

import hashlib
import re
from datetime import datetime

from bff.domain.devices import DeviceClass

_VERSION = re.compile(r"[\d._]+")
_NAMES = {
    DeviceClass.TV: "a TV",
    DeviceClass.WEB: "a web browser",
    DeviceClass.MOBILE: "a phone",
    DeviceClass.TABLET: "a tablet",
}


def recognise_device(device_class: DeviceClass, client: str) -> str:
    """A name for a device that gives none of its own: its class, and what its program says of itself.

    The same after an update: numbers do not count. Another device with the same program has the same name, so this
    recognises, and never authenticates.
    """
    described = f"{device_class.value}\n{_VERSION.sub('', client)}"
    return hashlib.sha256(described.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def describe_sign_in(device_class: DeviceClass, country: str | None, at: datetime) -> dict[str, str]:
    """The words for a sign-in, as mail and notifications have them: `device`, `country` and `at`."""
    return {
        "device": _NAMES[device_class],
        "country": country or "an unknown country",
        "at": f"{at.day} {at:%B %Y, %H:%M} UTC",
    }
