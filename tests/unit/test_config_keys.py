"""The keys of the structs as Go's tests see them, beside those of nats-server's parser."""

import runpy
from pathlib import Path

from dotgnatly.config import _HOME

ROOT = Path(__file__).parents[2]
KEYS = runpy.run_path(str(ROOT / "_build" / "keys.py"))


def test_the_file_is_that_of_the_structs():
    """What Go compares with nats-server is what there is; ``make keys`` writes it anew."""
    assert KEYS["FILE"].read_text(encoding="utf-8") == KEYS["keys"]()


def test_every_block_is_in_it():
    """None can be forgotten: all hang together."""
    classes = {name for name in _HOME if name.endswith("Configuration")}
    assert all(f' "{name}": ' in KEYS["keys"]() for name in classes)
