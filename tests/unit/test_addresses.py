"""E-mail addresses have one spelling, and what is none is told from what is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bff.domain.addresses import normalise_email, read_email_address
from bff.domain.registration import check_country, find_password_fault, read_language, read_name


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (" Ada@Example.COM ", "ada@example.com"),
        ("ada+tag@example.com", "ada+tag@example.com"),
        ("ada@b\u00fccher.example.org", "ada@xn--bcher-kva.example.org"),
        ("ada@xn--bcher-kva.example.org", "ada@xn--bcher-kva.example.org"),
        ("ada@mail.test", "ada@mail.test"),
    ],
)
def test_an_address_has_one_spelling(text: str, address: str) -> None:
    assert read_email_address(text) == normalise_email(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ada",
        "@example.com",
        "ada@",
        "ada@localhost",
        "ada@[127.0.0.1]",
        '"ada"@example.com',
        "a..b@example.com",
        "ada@example..com",
        "ada@exam_ple.com",
        "ada@example.com\nBcc: kit@example.com",
        "ada@example.com, kit@example.com",
        "Ada <ada@example.com>",
        "\u00e4da@example.com",
        "a\ud800@example.com",
        "a" * 65 + "@example.com",
        "a@" + "b" * 300 + ".com",
    ],
)
def test_what_is_no_address_is_told_why(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w+"):
        read_email_address(text)
    assert normalise_email(text) == normalise_email(normalise_email(text))


@given(st.emails() | st.text("aZ0.-_+'\" ").map("{}@XN--BCHER-KVA.Example".format))
def test_addresses_stay_as_they_are_read(text: str) -> None:
    try:
        address = read_email_address(text)
    except ValueError:
        return
    assert read_email_address(address) == normalise_email(text) == address == address.lower()
    assert address.isascii()
    assert address.isprintable()


@pytest.mark.parametrize("password", ["short", "x" * 129, "abababababab", "Ada@Example.com"])
def test_passwords_that_are_guessed_at_once_are_not_taken(password: str) -> None:
    assert find_password_fault(password, "ada@example.com")


@pytest.mark.parametrize("password", ["demo-password", "пароль из слов", "a b c d e"])
def test_others_are(password: str) -> None:
    assert find_password_fault(password, "ada@example.com") is None


def test_countries_names_and_languages_are_checked() -> None:
    assert check_country(" de ") == "DE"
    assert read_name("  Ada \t Lovelace ") == "Ada Lovelace"
    assert read_language("pt-BR") == "pt-BR"
    for read, text in (
        (check_country, "EU"),
        (check_country, "USA"),
        (read_name, " "),
        (read_name, "x" * 51),
        (read_name, "a\x07b"),
        (read_language, "english please"),
        (read_language, "e"),
    ):
        with pytest.raises(ValueError, match=r"\w+"):
            read(text)
