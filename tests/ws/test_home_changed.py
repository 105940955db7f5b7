"""`homeChanged`: who may follow it, and what an event holds."""

from tests.ws.sockets import ARRANGE, Live, list_rows, until


async def test_arranging_the_home_reaches_the_profiles_other_devices(live: Live):
    viewer = await live.make_viewer()
    rows = await list_rows(viewer)
    query = "subscription { homeChanged { changedRowIds home { rows(first: 40) { edges { node { id } } } } } }"
    async with live.sign_in(viewer) as socket:
        await socket.subscribe("a", query)
        await until(lambda: live.demo.services.signals.followers == 1)
        for turned in ([rows[2], rows[1], rows[0]], rows[:3]):
            await viewer.fetch(ARRANGE, order=turned)
            event = await socket.hear()
            change = event["payload"]["data"]["homeChanged"]
            assert (event["id"], event["type"]) == ("a", "next")
            assert [edge["node"]["id"] for edge in change["home"]["rows"]["edges"]][:3] == turned
            assert set(change["changedRowIds"]) >= {rows[0], rows[2]}
