"""Every configuration survives every way out and in again, whatever is in it."""

import copy
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dotgnatly import ConfigError, conffile
from dotgnatly.config import BrokerConfiguration
from tests.configurations import blocks, classes, configurations

CLASSES = pytest.mark.parametrize("name", sorted(classes()))
NEED_MORE = {"ImportConfiguration", "ImportSourceConfiguration", "TlsCertificateConfiguration"}
"""Blocks that refer to an account, or to files: nats-server takes none that is made up."""

SAYS_NOTHING = BrokerConfiguration(server_metadata={})
"""As it is written: an empty file is refused."""

often = settings(derandomize=True, database=None, deadline=None, max_examples=25)


@CLASSES
@given(data=st.data())
@often
def test_as_builtin_types_and_as_json(name, data):
    """What is kept elsewhere comes back equal, and as valid as it was."""
    cls, _ = classes()[name]
    block = data.draw(blocks(cls))
    for again in (
        cls.from_dict(block.to_dict()),
        cls.from_json(block.to_json()),
        cls.from_json(block.to_json().encode()),
        pickle.loads(pickle.dumps(block)),
        copy.deepcopy(block),
        cls().merge(block),
    ):
        assert again == block
        assert not again.faults()


@CLASSES
def test_as_a_file_of_nats_server(name):
    """Read by nats-server's own parser it is equal; refused, so is the text that servers get."""
    accepted = 0

    @given(configurations(classes()[name][0]))
    @often
    def survives(config):
        nonlocal accepted
        try:
            again = BrokerConfiguration.from_text(config.to_conf())
        except ConfigError:
            with pytest.raises(ConfigError):
                BrokerConfiguration.from_text(conffile.render(config).decode())
            return
        assert again == (config if config.to_dict() else SAYS_NOTHING)
        assert not again.faults()
        accepted += 1

    survives()
    assert accepted > 3 or name in NEED_MORE
