"""Opens an operation's context from a request's headers; reads no engine."""

from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection

from bff.context import Caller, OperationContext
from bff.domain.accounts import Permission, choose_region
from bff.domain.devices import DeviceClass
from bff.errors import BadUserInput, Forbidden, Unauthenticated
from bff.services import Services

DEFAULT_LANGUAGE = "en"
_CALLER = "marquee.caller"


class ContextOpener:
    """Called for every request with the services of the process."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def __call__(self, connection: HTTPConnection) -> OperationContext:
        """Raises Unauthenticated for a token that is no good, BadUserInput for a header that cannot be read."""
        return OperationContext(services=self._services, caller=self.find_caller(connection))

    def find_caller(self, connection: HTTPConnection) -> Caller:
        """Who asks; raises as the opening of a context does.

        A connection is read once; of its later operations and events only the end of token and sign-in is checked.
        """
        caller: Caller | None = connection.scope.get(_CALLER)
        if caller is None:
            caller = connection.scope[_CALLER] = self.read_caller(connection)
        elif caller.token is not None:
            self._services.authority.verifier.check(caller.token, self._services.now())
        return caller

    def check_operator(self, connection: HTTPConnection) -> None:
        """Raises Unauthenticated, or Forbidden for those who are no operators."""
        token = self.read_caller(connection).token
        if token is None:
            raise Unauthenticated("This is for operators: send an operator's access token in Authorization.")
        if Permission.OPERATOR not in token.permissions:
            raise Forbidden("This is for operators.")

    def read_caller(self, connection: HTTPConnection) -> Caller:
        services = self._services
        headers = connection.headers
        authorization = headers.get("authorization")
        token = None
        if authorization is not None:
            token = services.authority.verifier.authenticate(authorization, services.now())
        country = read_last(headers, services.settings.country_header)
        region = token.region if token is not None else choose_region(country, None, services.settings.default_region)
        return Caller(
            token=token,
            region=region,
            address=connection.client.host if connection.client is not None else "",
            country=country,
            device_id=headers.get("x-device-id") if token is not None else None,
            device_class=read_device_class(headers.get("x-device-class")),
            accept=headers.get("accept", ""),
            client=read_client(headers) if token is None else "",
            language=read_language(headers.get("accept-language", "")),
            time_zone=read_time_zone(headers.get("x-time-zone")),
        )


def read_last(headers: Headers, name: str) -> str | None:
    """What a proxy set in a header, behind whatever a client sent in the same; None without a name."""
    values = headers.getlist(name) if name else []
    return values[-1].rpartition(",")[2].strip() if values else None


def read_client(headers: Headers) -> str:
    """How the program that asks calls itself."""
    return f"{headers.get('x-client-name', '')[:100]} {headers.get('user-agent', '')[:400]}"


def read_device_class(value: str | None) -> DeviceClass | None:
    """Raises BadUserInput for a class that is none of the four."""
    if value is None:
        return None
    try:
        return DeviceClass(value.strip().upper())
    except ValueError as error:
        raise BadUserInput("X-Device-Class is TV, WEB, MOBILE or TABLET.") from error


def read_time_zone(value: str | None) -> ZoneInfo | None:
    """Raises BadUserInput for a name that is not in the IANA database."""
    if value is None:
        return None
    try:
        return ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadUserInput("X-Time-Zone is an IANA name: Europe/Berlin.") from error


@lru_cache(maxsize=64)
def read_language(value: str) -> str:
    """The language that `Accept-Language` weighs highest (RFC 9110, 12.5.4); English where it names none."""
    best, best_weight = DEFAULT_LANGUAGE, 0.0
    for part in value.split(",")[:20]:
        tag, _, parameters = part.partition(";")
        tag = tag.strip()
        weight = _read_weight(parameters)
        if weight > best_weight and 2 <= len(tag) <= 35 and tag.replace("-", "").isalnum() and tag.isascii():
            best, best_weight = tag, weight
    return best


def _read_weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
