import base64
from pathlib import Path

import pytest

from bff.domain.devices import VideoCodec
from bff.settings import CODECS, Environment, Secret, SettingsError, read_settings

NEEDED = {
    "BFF_DATABASE_URL": "postgresql://user:hidden@/database",
    "BFF_REDIS_URL": "redis://:hidden@localhost:6379/0",
    "BFF_KEY_ENCRYPTION_KEY": base64.b64encode(bytes(32)).decode(),
}


def test_what_is_not_set_has_its_default() -> None:
    settings = read_settings(NEEDED)
    assert settings.database_url == NEEDED["BFF_DATABASE_URL"]
    assert settings.env is Environment.PRODUCTION
    assert not settings.is_development
    assert settings.default_region == "US"
    assert settings.cors_origins == ()


def test_each_kind_of_value_is_read() -> None:
    settings = read_settings(
        {
            **NEEDED,
            "BFF_ENV": "development",
            "BFF_DATA_DIR": "/data",
            "BFF_OPERATION_DEADLINE": "2.5",
            "BFF_ACCESS_TOKEN_AGE": "60",
            "BFF_CORS_ORIGINS": "https://a.example, https://b.example,",
        }
    )
    assert settings.is_development
    assert settings.data_dir == Path("/data")
    assert settings.operation_deadline == 2.5
    assert settings.access_token_age == 60
    assert settings.cors_origins == ("https://a.example", "https://b.example")


def test_the_codecs_are_those_of_devices() -> None:
    assert set(CODECS) == set(VideoCodec)
    assert read_settings({**NEEDED, "BFF_CODECS": "vp9, Hevc"}).codecs == ("VP9", "HEVC")


@pytest.mark.parametrize("name", sorted(NEEDED))
def test_what_is_missing_is_named(name: str) -> None:
    environment = {other: value for other, value in NEEDED.items() if other != name}
    with pytest.raises(SettingsError, match=f"{name} is not set; it takes"):
        read_settings(environment)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BFF_ENV", "staging"),
        ("BFF_OPERATION_DEADLINE", "soon"),
        ("BFF_ACCESS_TOKEN_AGE", "1.5"),
        ("BFF_CODECS", "h264,mpeg2"),
    ],
)
def test_what_cannot_be_read_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} cannot be read"):
        read_settings({**NEEDED, name: value})


def test_the_key_may_lie_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("a2V5\n")
    environment = {name: value for name, value in NEEDED.items() if name != "BFF_KEY_ENCRYPTION_KEY"}
    assert read_settings({**environment, "BFF_KEY_ENCRYPTION_KEY_FILE": str(file)}).key_encryption_key == "a2V5"
    with pytest.raises(SettingsError, match="BFF_KEY_ENCRYPTION_KEY_FILE cannot be read"):
        read_settings({**environment, "BFF_KEY_ENCRYPTION_KEY_FILE": str(tmp_path / "absent")})


def test_secrets_do_not_show_themselves() -> None:
    settings = read_settings(NEEDED)
    assert "hidden" not in repr(settings)
    assert repr(Secret("hidden")) == "Secret('…')"


@pytest.mark.parametrize(
    ("environment", "endpoint"),
    [
        ({}, ""),
        ({"OTEL_SERVICE_NAME": "marquee"}, ""),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": " "}, ""),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, "http://collector:4318/v1/traces"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "https://collector/otlp/"}, "https://collector/otlp/v1/traces"),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector:4318/own"}, "http://collector:4318/own"),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://b/own"},
            "http://b/own",
        ),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a", "OTEL_TRACES_EXPORTER": "none"}, ""),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a", "OTEL_SDK_DISABLED": "true"}, ""),
        (
            {
                "OTEL_EXPORTER_OTLP_ENDPOINT": "http://a",
                "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
                "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf",
            },
            "http://a/v1/traces",
        ),
    ],
)
def test_spans_go_where_opentelemetrys_own_variables_say(environment: dict[str, str], endpoint: str) -> None:
    assert read_settings({**NEEDED, **environment}).traces_endpoint == endpoint


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
            "OTEL_EXPORTER_OTLP_PROTOCOL cannot be grpc",
        ),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4318"}, "OTEL_EXPORTER_OTLP_ENDPOINT cannot be read"),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "collector"}, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT cannot be read"),
    ],
)
def test_an_endpoint_that_spans_cannot_go_to_is_named(environment: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        read_settings({**NEEDED, **environment})
