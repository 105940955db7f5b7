"""What an operation read goes with it, and waits for no collection: these would hold up everybody."""

import asyncio
import gc

from bff.context import OperationContext
from tests.live import OPERATIONS, Demo
from tests.ws.sockets import open_socket

SIGN_IN = 'mutation { login(input: {email: "basic@example.com", password: "wrong"}) { __typename } }'


async def count_left(demo: Demo) -> int:
    """The contexts that outlive their operations by more than a moment."""
    viewer = await demo.make_viewer()
    gc.collect()
    gc.disable()
    try:
        for text in (OPERATIONS["home"], SIGN_IN, "{ viewer { account { profiles { name } } } }"):
            await viewer.run(text)
        async with open_socket(demo.url) as socket:
            await socket.greet(authorization=viewer.headers["Authorization"])
            await socket.run("{ viewer { profile { name } } }")
        await asyncio.sleep(0.01)
        return sum(isinstance(value, OperationContext) for value in gc.get_objects(generation=0))
    finally:
        gc.enable()


async def test_operations_leave_nothing_to_be_collected(demo: Demo) -> None:
    assert await count_left(demo) == 0
