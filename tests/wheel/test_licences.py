"""The licences of the Go code are written by a program, from go.mod."""

import runpy


def test_the_notices_are_those_of_the_pinned_modules(pytestconfig):
    """After a change of go.mod, ``make notices`` must be run."""
    generator = runpy.run_path(str(pytestconfig.rootpath / "_build" / "notices.py"))
    assert generator["NOTICES"].read_text() == generator["notices"]()
