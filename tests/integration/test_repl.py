"""The two lines of the README in a plain REPL, and their async twin in a running loop."""

import re
import subprocess
import sys

import pytest

PLAIN = """\
from dotgnatly import BrokerConfiguration, NatsController
with NatsController(BrokerConfiguration(port=-1)) as c: print("url", c.client_url)

print("stopped", c.is_running)
"""

ASYNC = """\
from dotgnatly import AsyncNatsController, BrokerConfiguration
async with AsyncNatsController(BrokerConfiguration(port=-1)) as c: print("url", c.client_url)

print("stopped", c.is_running)
"""

LINE_BY_LINE = """\
from dotgnatly import AsyncNatsController, BrokerConfiguration
c = AsyncNatsController(BrokerConfiguration(port=-1))
print("url", await c.start())
(await c.update_config(debug=True)).number
client = await c.connect_nats_py()
await client.close()
await c.shutdown()
print("stopped", c.is_running)
"""


@pytest.mark.parametrize(
    ("repl", "typed"),
    [
        pytest.param(["-i", "-q"], PLAIN, id="plain"),
        pytest.param(["-m", "asyncio"], ASYNC, id="async-in-a-running-loop"),
        pytest.param(["-m", "asyncio"], LINE_BY_LINE, id="async-line-by-line"),
        pytest.param(["-m", "asyncio"], PLAIN, id="blocking-in-a-running-loop"),
    ],
)
def test_in_a_repl(tmp_path, repl, typed):
    """Where everybody tries a package first; a notebook is such a loop."""
    done = subprocess.run(
        [sys.executable, *repl],
        input=typed,
        capture_output=True,
        text=True,
        timeout=30,
        cwd=tmp_path,
        check=False,
    )
    assert re.search(r"url nats://127\.0\.0\.1:\d+\n", done.stdout), done.stderr
    assert "stopped False" in done.stdout, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode == 0
