"""What mails say: every kind in plain text and HTML, with nothing of a viewer's in it that a reader would run."""

import pytest

from bff.domain.mail import TEMPLATES, MailKind, write_letter

DETAILS = {
    "device": "<script>alert(1)</script>",
    "country": "India & more",
    "at": "{address}",
    "amount": "9.99 USD",
    "next_step": "We try again on 24 November 2026.",
    "name": "Ada\r\nBcc: kit@example.com",
}
URL = 'https://m.test/x#token="><b>'


@pytest.mark.parametrize("kind", MailKind)
def test_every_kind_is_written_with_and_without_html(kind: MailKind) -> None:
    letter = write_letter(kind, "ada@example.com", DETAILS, url=URL)
    assert "\n" not in letter.subject
    assert (URL in letter.text) == (TEMPLATES[kind].link is not None)
    assert "<script>" not in letter.html
    assert '"><b>' not in letter.html
    assert "{" not in letter.text.replace("{address}", "")
    assert "m.test" not in repr(letter)
    for paragraph in TEMPLATES[kind].paragraphs:
        assert paragraph.partition("{")[0].strip() in letter.text


def test_a_link_needs_to_lead_somewhere() -> None:
    with pytest.raises(ValueError, match="where it leads"):
        write_letter(MailKind.RESET_PASSWORD, "ada@example.com", {}, url=None)
