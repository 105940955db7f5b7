"""Typed settings, read from the environment once at start; no other module reads the environment."""

import os
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from msgspec import Struct


class Environment(StrEnum):
    DEVELOPMENT = "development"
    PRODUCTION = "production"


class DocumentPolicy(StrEnum):
    """Which operations are served: any text, or only documents that were published."""

    OPEN = "open"
    TRUSTED = "trusted"


CODECS = ("H264", "HEVC", "VP9", "AV1")
"""What pictures can be encoded in here."""


class Secret(str):
    """A string that never shows itself in a repr, a log or a traceback."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret('…')"


class Settings(Struct, frozen=True, kw_only=True):
    """What an operator can set; each field is the variable `BFF_<NAME>`.

    `key_encryption_key` is 32 bytes in base64, or `key_encryption_key_file` names a file that holds it.
    Deadlines and ages are in seconds. `compile` off leaves every operation to graphql-core, `fragments` off computes
    every part of an answer anew; of `shadow_share` (0 to 1) of all queries graphql-core makes the answer again, to be
    compared; `incremental` adds `@defer` and `@stream`.
    `operation_cost` is the most that one operation may cost, in values that it may bring, `visitor_cost` the most that
    a visitor's may; `account_rate` is what
    an account may ask for a second, `address_rate` what an address may without a token: 0 sets no limit.
    `object_store_url` is s3://bucket/prefix or the like, none the folder `objects` under `data_dir`; where it is not
    AWS's own, `object_store_endpoint` is where it answers; keys that are not named are looked for as AWS's SDKs do.
    `smtp_url` is smtp://user:password@host:587 or smtps://…, `mail_from` an address like `Marquee <no-reply@host>`;
    an address without a token may ask for `mail_requests` mails an hour;
    links in mail begin with `link_url`, or with `public_url` where that is not set.
    `metrics_token` opens /metrics to others than this machine; processes that serve together share `metrics_dir`.
    A worker encodes `encoders` pieces of video at once, which share its cores: 0 leaves encoding to others; `codecs`
    are made where an order names none, H.264 always.
    `traces_endpoint` is where spans go by OTLP over HTTP, in OpenTelemetry's own variables: none by default.
    """

    env: Environment = Environment.PRODUCTION
    database_url: Secret
    redis_url: Secret
    object_store_url: str = ""
    object_store_endpoint: str = ""
    object_store_region: str = ""
    object_store_access_key: Secret = Secret("")
    object_store_secret_key: Secret = Secret("")
    data_dir: Path = Path(".data")
    public_url: str = ""
    key_encryption_key: Secret
    default_region: str = "US"
    country_header: str = ""
    visitor_ceiling: str = "AGE_13"
    cors_origins: tuple[str, ...] = ()
    operation_deadline: float = 5.0
    operation_cost: int = 120_000
    visitor_cost: int = 30_000
    account_rate: int = 100_000
    address_rate: int = 300_000
    compile: bool = True
    shadow_share: float = 0.0
    incremental: bool = False
    fragments: bool = True
    documents: DocumentPolicy = DocumentPolicy.OPEN
    section_deadline: float = 0.5
    access_token_age: int = 900
    refresh_token_age: int = 60 * 60 * 24 * 60
    signing_key_age: int = 60 * 60 * 24 * 30
    smtp_url: Secret = Secret("")
    mail_from: str = "Marquee <no-reply@localhost>"
    link_url: str = ""
    mail_requests: int = 60
    metrics_token: Secret = Secret("")
    metrics_dir: str = ""
    traces_endpoint: str = ""
    encoders: int = os.cpu_count() or 1
    codecs: tuple[str, ...] = ("H264", "AV1")
    graphiql_login: str = "premium@example.com"
    """The demo account whose token GraphiQL is opened with, in development only."""

    @property
    def is_development(self) -> bool:
        return self.env is Environment.DEVELOPMENT


class SettingsError(Exception):
    """A variable is missing or cannot be read; the message names it and says what it takes."""


def read_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read `BFF_*`.

    Raises SettingsError, naming the variable.
    """
    values: dict[str, object] = {}
    for name in Settings.__struct_fields__:
        if name == "traces_endpoint":
            values[name] = _find_traces_endpoint(environ)
            continue
        raw = environ.get(f"BFF_{name.upper()}")
        if raw is None:
            continue
        values[name] = _convert(name, raw)
    key_file = environ.get("BFF_KEY_ENCRYPTION_KEY_FILE")
    if key_file and "key_encryption_key" not in values:
        try:
            values["key_encryption_key"] = Secret(Path(key_file).read_text().strip())
        except OSError as error:
            raise SettingsError(f"BFF_KEY_ENCRYPTION_KEY_FILE cannot be read: {error}") from error
    for required, takes in (
        ("database_url", "postgresql://user:password@host/database"),
        ("redis_url", "redis://:password@host:6379/0 or unix:///path?password=…"),
        ("key_encryption_key", "32 random bytes in base64 (or name a file in BFF_KEY_ENCRYPTION_KEY_FILE)"),
    ):
        if required not in values:
            raise SettingsError(
                f"BFF_{required.upper()} is not set; it takes {takes}. "
                "`bff dev` sets it by itself; other commands find what that runs by --data-dir."
            )
    return Settings(**values)  # type: ignore[arg-type]


def _find_traces_endpoint(environ: Mapping[str, str]) -> str:
    """As OpenTelemetry's specification of the OTLP exporter says; but without a variable there is none."""
    is_off = environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    if is_off or environ.get("OTEL_TRACES_EXPORTER", "").strip() == "none":
        return ""
    base = environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", "").strip()
    own = environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "").strip()
    endpoint = own or (f"{base.rstrip('/')}/v1/traces" if base else "")
    if not endpoint:
        return ""
    for name in ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"):
        protocol = environ.get(name, "").strip()
        if protocol and protocol != "http/protobuf":
            raise SettingsError(f"{name} cannot be {protocol}: spans leave by http/protobuf (port 4318, commonly).")
        if protocol:
            break
    if not endpoint.startswith(("http://", "https://")):
        name = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" if own else "OTEL_EXPORTER_OTLP_ENDPOINT"
        raise SettingsError(f"{name} cannot be read: it takes an address like http://collector:4318.")
    return endpoint


def _convert(name: str, raw: str) -> object:
    kinds = Settings.__annotations__
    kind = kinds[name]
    try:
        if kind in (Environment, DocumentPolicy):
            return kind(raw)
        if kind is bool:
            return {"1": True, "true": True, "0": False, "false": False}[raw.strip().lower()]
        if kind in (Secret, Path, int, float, str):
            return kind(raw)
        parts = tuple(part.strip() for part in raw.split(",") if part.strip())
        return _check_codecs(parts) if name == "codecs" else parts
    except (KeyError, ValueError) as error:
        raise SettingsError(f"BFF_{name.upper()} cannot be read: {error}") from error


def _check_codecs(names: tuple[str, ...]) -> tuple[str, ...]:
    if unknown := [name for name in names if name.upper() not in CODECS]:
        raise ValueError(f"{', '.join(unknown)} is none of {', '.join(CODECS)}")
    return tuple(name.upper() for name in names)
