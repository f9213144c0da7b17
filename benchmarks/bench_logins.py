"""Logins a second that a function of Python decides, beside those that the server decides alone."""

from contextlib import ExitStack
from functools import partial

from benchmarks._harness import Benchmark, Child, build, python

ROUNDS, LOGINS = 20, 1600
SERVE = """
import asyncio, json, sys
from dotgnatly import AsyncNatsController, AuthenticatedUser, NatsController
def decide(request):
    if request.user == "ann" and request.password == "secret":
        return AuthenticatedUser()
async def decide_later(request):
    return decide(request)
"""
BLOCKING = """
with controller:
    print(json.dumps(controller.client_url), flush=True)
    sys.stdin.read()
"""
SIDES = {
    "function": """
controller = NatsController({"port": -1})
controller.on_authenticate(decide)
"""
    + BLOCKING,
    "coroutine function": """
async def main():
    controller = AsyncNatsController({"port": -1})
    controller.on_authenticate(decide_later)
    async with controller:
        print(json.dumps(controller.client_url), flush=True)
        await asyncio.to_thread(sys.stdin.read)
asyncio.run(main())
""",
    "configured user": """
ann = {"user": "ann", "password": "secret"}
controller = NatsController({"port": -1, "authorization": {"users": [ann]}})
"""
    + BLOCKING,
}


def rate(client: Child, url: str) -> float:
    """Logins a second."""
    return float(client.ask(url)["per_second"])


def main() -> None:
    """Let one program take turns between the servers, each in a process of its own."""
    with ExitStack() as stack, Benchmark(name="logins") as bench:
        client = stack.enter_context(Child(build("native"), "logins", str(LOGINS)))
        urls = {
            name: stack.enter_context(python(SERVE + code)).read() for name, code in SIDES.items()
        }
        sides = bench.take_turns(
            ROUNDS, {name: partial(rate, client, url) for name, url in urls.items()}
        )
        for name, side in zip(urls, sides, strict=True):
            if name != "configured user":
                bench.limit(f"logins by a {name}", side, "/s", at_least=1000)


if __name__ == "__main__":
    main()
