"""Limits of control groups, read from files as Linux has them."""

import sys

import pytest

from dotgnatly import container

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="control groups are Linux's")


@pytest.fixture
def system(tmp_path):
    """Writes files of a system, by their paths; returns its root."""

    def write(cgroup, **limits):
        for path, text in {"proc/self/cgroup": cgroup, **limits}.items():
            file = tmp_path / path.replace("__", "/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return str(tmp_path)

    return write


V1 = "sys/fs/cgroup/memory"
V2 = "sys/fs/cgroup"


@pytest.mark.parametrize(
    ("cgroup", "limits", "found"),
    [
        pytest.param("0::/\n", {f"{V2}/memory.max": "1000\n"}, 1000, id="in-a-namespace"),
        pytest.param(
            "0::/a/b\n",
            {f"{V2}/a/b/memory.max": "max\n", f"{V2}/a/memory.max": "500\n"},
            500,
            id="of-the-group-above",
        ),
        pytest.param(
            "0::/a/b\n",
            {f"{V2}/a/b/memory.max": "400\n", f"{V2}/a/memory.max": "500\n"},
            400,
            id="the-smallest",
        ),
        pytest.param("0::/\n", {f"{V2}/memory.max": "max\n"}, None, id="none"),
        pytest.param(
            "9:name=systemd:/\n4:cpu,memory:/a\n0::/\n",
            {f"{V1}/a/memory.limit_in_bytes": "300\n"},
            300,
            id="version-1",
        ),
        pytest.param(
            "4:memory:/\n",
            {f"{V1}/memory.limit_in_bytes": "9223372036854771712\n"},
            None,
            id="none-of-version-1",
        ),
        pytest.param("4:memory:/hidden\n", {f"{V1}/memory.limit_in_bytes": "7\n"}, 7, id="hidden"),
        pytest.param("nonsense\n", {}, None, id="nonsense"),
    ],
)
def test_the_limit_is_found(system, cgroup, limits, found):
    """Wherever the container runtime has written it."""
    assert container.memory(system(cgroup, **limits)) == found


@pytest.mark.parametrize(
    ("environ", "limit"), [({}, 800_000_000), ({"GOMEMLIMIT": "2GiB"}, 2 << 30)]
)
def test_go_minds_the_limit_of_the_container(run_python, environ, limit):
    """Else its heap grows until the kernel ends the process; what the operator says counts more."""
    done = run_python(
        """
        from dotgnatly import NatsController, container

        container.memory = lambda: 1_000_000_000
        with NatsController({"port": -1}) as controller:
            print(controller.varz().gomemlimit)
        """,
        **environ,
    )
    assert (done.code, done.out) == (0, f"{limit}\n"), done.err


def test_without_control_groups_there_is_no_limit(tmp_path):
    """As on a system that is no Linux."""
    assert container.memory(str(tmp_path)) is None
