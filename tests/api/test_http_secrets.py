"""What clients send does not come back in what they are told: messages end up in other people's logs."""

from typing import Any

from tests.live import Demo
from tests.ws.sockets import open_socket

SECRET = "hunter2 of secrets"
LOGIN = "mutation ($input: LoginInput!) { login(input: $input) { __typename } }"
PIN = "mutation ($pin: String) { setPin(profileId: 1, password: 2, pin: $pin) { __typename } }"
PLAN = "mutation ($plan: PlanCode!) { changeMembership(plan: $plan) { __typename } }"
REFUSED: list[tuple[str, dict[str, Any], str]] = [
    (LOGIN, {"input": {"password": SECRET}}, "to include required field 'email'"),
    (LOGIN, {"input": {"email": "a", "password": SECRET, "pins": SECRET}}, "unknown field 'pins'. Did you mean 'pin'?"),
    (LOGIN, {"input": {"email": "a", "password": SECRET, "zzzzzz": SECRET}}, "unknown field 'zzzzzz'."),
    (LOGIN, {"input": {"email": "a", "password": [SECRET]}}, "at .password: String cannot represent a non string"),
    (LOGIN, {"input": SECRET}, "to be an object"),
    (PIN, {"pin": {"pin": SECRET}}, "String cannot represent a non string value"),
    (PLAN, {"plan": SECRET}, "PlanCode"),
    (PLAN, {"plan": [SECRET]}, "Enum 'PlanCode' cannot represent non-string value"),
    (f'mutation {{ login(input: {{password: "{SECRET}"}}) {{ __typename }} }}', {}, "required field 'email'"),
    (f'mutation {{ login(input: "{SECRET}") {{ __typename }} }}', {}, "to be an object"),
    (f'mutation {{ refreshToken(refreshToken: ["{SECRET}"]) {{ __typename }} }}', {}, "a non string value"),
    (f'mutation {{ changeMembership(plan: "{SECRET}") {{ __typename }} }}', {}, "non-enum value"),
    (f'mutation {{ refreshToken(refreshToken: "a" "{SECRET}") {{ __typename }} }}', {}, "Expected Name, found String"),
    (f'mutation {{ refreshToken "{SECRET}" }}', {}, "found String"),
    (f'mutation {{ refreshToken """{SECRET}""" }}', {}, "found BlockString"),
]


async def test_a_refusal_does_not_repeat_what_was_sent(demo: Demo) -> None:
    for text, variables, told in REFUSED:
        answer = await demo.visitor.run(text, variables)
        assert told in answer.body["errors"][0]["message"]
        assert "hunter2" not in answer.response.text


async def test_nor_does_one_by_socket(demo: Demo) -> None:
    async with open_socket(demo.url) as socket:
        await socket.greet()
        for text, variables, told in REFUSED:
            await socket.subscribe("a", text, variables=variables)
            refusal = await socket.hear()
            assert refusal["type"] == "error"
            assert told in refusal["payload"][0]["message"]
            assert "hunter2" not in str(refusal)
