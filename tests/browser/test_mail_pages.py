"""The pages behind links in mail, in headless Chromium on the real application."""

from typing import Any

from tests.api.account_holder import ME, add_profile, register
from tests.browser.driving import Drive
from tests.live import Demo

NEW_PASSWORD = "chosen on the page"


async def open_page(drive: Drive, url: str, *given: str) -> dict[str, Any]:
    report: dict[str, Any] = await drive("mail_pages", url, *given)
    assert report["complaints"] == []
    assert all(asked.startswith(url.partition("#")[0].rpartition("/")[0]) for asked in report["asked"])
    return report


async def test_the_page_of_the_mail_verifies_the_address(demo: Demo, drive: Drive) -> None:
    holder = await register(demo)
    token = await holder.read_token()
    report = await open_page(drive, f"{demo.url}/verify-email#token={token}")
    assert (report["title"], report["said"]) == (
        "Confirm your e-mail address · Marquee",
        "Your e-mail address is confirmed.",
    )
    assert report["address"] == f"{demo.url}/verify-email"
    assert token not in "".join(asked.partition("#")[0] for asked in report["asked"])
    assert (await holder.client.fetch(ME))["viewer"]["account"]["emailVerified"] is True
    again = await open_page(drive, f"{demo.url}/verify-email#token={token}")
    assert again["said"].startswith("This link was used, or has died.")
    assert again["isAsking"] is False


async def test_the_page_of_the_mail_sets_a_new_password(demo: Demo, drive: Drive) -> None:
    holder = await register(demo)
    token = await holder.ask_for_reset()
    report = await open_page(drive, f"{demo.url}/reset-password#token={token}", NEW_PASSWORD)
    assert report["said"].startswith("Your password is changed")
    families = "SELECT count(*) FROM session_family WHERE account_id = $1 AND revoked_at IS NULL"
    assert await demo.services.pool.fetchval(families, holder.account_id) == 0, "the page stays signed in to nothing"
    assert (await holder.login(NEW_PASSWORD))["__typename"] == "Session"
    again = await open_page(drive, f"{demo.url}/reset-password#token={token}", NEW_PASSWORD)
    assert (again["said"], again["isAsking"]) == (
        "This link was used, or has died. Ask for another one where you sign in.",
        False,
    )


async def test_the_page_asks_again_for_a_password_that_cannot_be_taken(demo: Demo, drive: Drive) -> None:
    holder = await register(demo)
    report = await open_page(drive, f"{demo.url}/reset-password#token={await holder.ask_for_reset()}", holder.email)
    assert (report["said"], report["isAsking"]) == ("This password is too easy to guess: choose another.", True)


async def test_the_page_of_the_mail_takes_forgotten_pins_away(demo: Demo, drive: Drive) -> None:
    for removing, entered in ((), "PinRequired"), (("--remove-pins",), "Session"):
        holder = await register(demo)
        profile_id = await add_profile(holder, pin_hash=await demo.services.authority.passwords.hash("1357"))
        link = f"{demo.url}/reset-password#token={await holder.ask_for_reset()}"
        assert (await open_page(drive, link, NEW_PASSWORD, *removing))["said"].startswith("Your password is changed")
        assert (await holder.login(NEW_PASSWORD, profileId=profile_id))["__typename"] == entered


async def test_a_link_without_a_token_says_so(demo: Demo, drive: Drive) -> None:
    assert "not whole" in (await open_page(drive, f"{demo.url}/reset-password"))["said"]
