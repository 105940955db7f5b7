"""Nothing that holds a secret shows it in its repr: reprs end up in logs and tracebacks."""

import dataclasses
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import msgspec

import bff
import resolvers
import workers

SECRETS = frozenset(
    {
        "access_token", "action_url", "base_url", "body", "dash_url", "hls_url", "license_url", "link_key", "password",
        "password_hash", "payload", "payment_token", "pin", "pin_hash", "private_key", "query", "refresh_token",
        "stored", "successor_key", "token", "url", "variables", "vtt_url", "wrapped_private_key",
    }
)  # fmt: skip
HARMLESS = frozenset(
    {
        "bff.context.Caller",  # the claims of a token that was verified
        "bff.http.limits.Limits",  # how many variables there may be
        "bff.stores.documents.ReleasedDocument",  # a text that clients are released with
        "resolvers.pictures.Picture",  # where a picture is
        "resolvers.previews.PreviewView",  # where a clip is
    }
)
SHOWN = "hunter2"


def walk_values() -> Iterator[tuple[type, list[str]]]:
    """Every Struct and dataclass, with the names of its fields."""
    for package in (bff, resolvers, workers):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            for value in vars(import_module(found.name)).values():
                if not isinstance(value, type) or value.__module__ != found.name:
                    continue
                if issubclass(value, msgspec.Struct):
                    yield value, list(value.__struct_fields__)
                elif dataclasses.is_dataclass(value):
                    yield value, [field.name for field in dataclasses.fields(value)]


def show(value_type: type, names: list[str]) -> str:
    """The repr of one whose secrets are the text that must not be shown."""
    values = {name: SHOWN if name in SECRETS else "-" for name in names}
    if issubclass(value_type, msgspec.Struct):
        return repr(value_type(**values))
    made: Any = value_type.__new__(value_type)
    for name, value in values.items():
        object.__setattr__(made, name, value)
    return repr(made)


def test_what_holds_a_secret_hides_it() -> None:
    holders = {
        f"{value_type.__module__}.{value_type.__qualname__}": (value_type, names)
        for value_type, names in walk_values()
        if SECRETS & set(names)
    }
    assert holders.keys() >= HARMLESS
    assert len(holders) > len(HARMLESS) + 10
    showing = [
        name
        for name, (value_type, names) in holders.items()
        if name not in HARMLESS and SHOWN in show(value_type, names)
    ]
    assert showing == []
