"""A configuration file and the changes made at run time, which lie above it."""

import pytest

from dotgnatly import AsyncNatsController, BrokerConfiguration, ConfigError, NatsController

DEFAULT_MAX_PAYLOAD = 1 << 20


@pytest.fixture
def conf(tmp_path):
    """Writes the configuration file: ``conf(text)``; returns its path."""

    def write(text, name="broker.conf"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    return write


@pytest.fixture
async def start():
    """Starts a server from a file."""
    started = []

    async def start(path):
        started.append(AsyncNatsController(BrokerConfiguration.from_file(path)))
        await started[-1].start()
        return started[-1]

    yield start
    for controller in started:
        await controller.shutdown()


# -- reload ----------------------------------------------------------------------------------------


async def test_reload_reads_the_file_again(conf, start):
    """As SIGHUP does with nats-server."""
    controller = await start(conf("port: -1, max_payload: 1000"))
    conf("port: -1, max_payload: 2000")
    version = await controller.reload(author="ann", reason="edited")
    assert (await controller.varz()).max_payload == 2000
    assert (version.number, version.author, version.reason) == (2, "ann", "edited")


async def test_reload_keeps_changes_made_at_run_time_above_the_file(conf, start):
    """Who set a limit by hand does not lose it to somebody else's edit."""
    controller = await start(conf("port: -1, max_payload: 1000, max_connections: 10"))
    await controller.update_config(max_payload=1500)
    conf("port: -1, max_payload: 2000, max_connections: 20")
    await controller.reload()
    varz = await controller.varz()
    assert (varz.max_payload, varz.max_connections) == (1500, 20)


async def test_reload_keeps_a_reset_above_the_file(conf, start):
    """None at run time is the default, whatever the file says."""
    controller = await start(conf("port: -1, max_payload: 1000"))
    await controller.update_config(max_payload=None)
    assert (await controller.varz()).max_payload == DEFAULT_MAX_PAYLOAD
    conf("port: -1, max_payload: 2000")
    await controller.reload()
    assert (await controller.varz()).max_payload == DEFAULT_MAX_PAYLOAD


async def test_reload_keeps_what_was_removed_from_a_map_removed(conf, start):
    """The file still has the account; somebody took it out."""
    text = "port: -1\naccounts { A {}, B {} }"
    controller = await start(conf(text))
    await controller.update_config(accounts={"A": None, "C": {}})
    await controller.reload()
    assert set(controller.config.accounts) == {"B", "C"}


async def test_reload_can_discard_the_changes(conf, start):
    """Back to what is written."""
    controller = await start(conf("port: -1, max_payload: 1000"))
    await controller.update_config(max_payload=1500, max_connections=10)
    await controller.reload(discard_changes=True)
    varz = await controller.varz()
    assert (varz.max_payload, varz.max_connections) == (1000, 65_536)
    assert controller.config == BrokerConfiguration.from_file(conf("port: -1, max_payload: 1000"))


async def test_discarded_changes_stay_discarded(conf, start):
    """The next reload does not bring them back."""
    controller = await start(conf("port: -1, max_payload: 1000"))
    await controller.update_config(max_payload=1500)
    await controller.reload(discard_changes=True)
    await controller.reload()
    assert (await controller.varz()).max_payload == 1000


async def test_a_refused_reload_keeps_everything(conf, start):
    """A half-edited file."""
    controller = await start(conf("port: -1, max_payload: 1000"))
    before = controller.config
    conf("port: -1, max_payload: oops")
    with pytest.raises(ConfigError) as caught:
        await controller.reload()
    assert caught.value.errors[0].path.endswith("broker.conf:1:11")
    assert controller.config == before
    assert (await controller.varz()).max_payload == 1000


async def test_a_file_that_is_gone_keeps_everything(conf, start):
    """The error says which."""
    path = conf("port: -1")
    controller = await start(path)
    path.unlink()
    with pytest.raises(ConfigError, match=r"broker\.conf"):
        await controller.reload()
    assert controller.is_running


@pytest.mark.parametrize(
    "config", [BrokerConfiguration(port=-1), BrokerConfiguration.from_text("port: -1")]
)
def test_reload_without_a_file_is_refused(config):
    """There is nothing to read."""
    with NatsController(config) as controller, pytest.raises(ConfigError, match="file"):
        controller.reload()


async def test_replace_config_cuts_the_tie_to_the_file(conf, start):
    """What is in force is no longer what the file says, even if it is edited."""
    controller = await start(conf("port: -1"))
    await controller.replace_config(BrokerConfiguration(port=-1, host="0.0.0.0"))
    with pytest.raises(ConfigError, match="file"):
        await controller.reload()


# -- includes, variables, environment --------------------------------------------------------------


async def test_includes_are_followed_from_where_the_file_is(conf, start):
    """Not from the working directory."""
    conf("max_connections: 7", "parts/limits.conf")
    controller = await start(conf("port: -1\ninclude parts/limits.conf"))
    assert (await controller.varz()).max_connections == 7


async def test_a_reload_reads_included_files_again(conf, start):
    """They are where secrets and limits are kept."""
    conf("max_connections: 7", "parts/limits.conf")
    controller = await start(conf("port: -1\ninclude parts/limits.conf"))
    conf("max_connections: 8", "parts/limits.conf")
    await controller.reload()
    assert (await controller.varz()).max_connections == 8


async def test_variables_are_resolved(conf, start):
    """A block's own wins over the file's."""
    controller = await start(
        conf(
            """
            LIMIT: 1000
            port: -1
            max_payload: $LIMIT
            jetstream { LIMIT: 2000000, max_mem: $LIMIT }
            """
        )
    )
    varz = await controller.varz()
    assert (varz.max_payload, varz.jetstream.config.max_memory) == (1000, 2_000_000)


async def test_the_environment_is_that_of_python(conf, start, monkeypatch):
    """Go's own copy is as old as the process."""
    monkeypatch.setenv("BROKER_LIMIT", "1000")
    controller = await start(conf("port: -1, max_payload: $BROKER_LIMIT"))
    assert (await controller.varz()).max_payload == 1000
    monkeypatch.setenv("BROKER_LIMIT", "2000")
    await controller.reload()
    assert (await controller.varz()).max_payload == 2000


def test_a_variable_that_is_missing_is_a_config_error(conf, monkeypatch):
    """Also one that was there a moment ago."""
    monkeypatch.setenv("BROKER_LIMIT", "1000")
    path = conf("port: -1, max_payload: $BROKER_LIMIT")
    BrokerConfiguration.from_file(path)
    monkeypatch.delenv("BROKER_LIMIT")
    with pytest.raises(ConfigError, match="BROKER_LIMIT"):
        BrokerConfiguration.from_file(path)


async def test_a_reload_reads_the_environment_above_the_file_again(conf, monkeypatch):
    """What was laid over the file is laid over it again, as it is by then."""
    path = conf("port: -1, max_payload: 1000, max_connections: 10")
    monkeypatch.setenv("NATS__MAX_PAYLOAD", "2000")
    config = BrokerConfiguration.from_file(path).merge(BrokerConfiguration.from_environ())
    async with AsyncNatsController(config) as controller:
        await controller.update_config(max_control_line=2000)
        conf("port: -1, max_payload: 1000, max_connections: 20")
        monkeypatch.setenv("NATS__MAX_PAYLOAD", "3000")
        await controller.reload()
        varz = await controller.varz()
    assert (varz.max_payload, varz.max_connections, varz.max_control_line) == (3000, 20, 2000)


async def test_units_are_resolved(conf, start):
    """1k is 1000 and 1KB is 1024, as nats-server reads them."""
    controller = await start(conf("port: -1, max_payload: 1k, max_control_line: 1KB"))
    varz = await controller.varz()
    assert (varz.max_payload, varz.max_control_line) == (1000, 1024)


async def test_secrets_with_a_dollar_sign_stay_what_they_are(conf, start):
    """A bcrypt hash begins like a variable."""
    hashed = "$2a$04$OTO0Uw6sCOs1MvmxcjnVq.rJxsLmyvmu8LHQ3sWMoPcXGCzwhTWHm"
    controller = await start(conf(f"port: -1\nauthorization {{ user: ann, password: {hashed} }}"))
    assert controller.config.authorization.password == hashed
    await controller.update_config(debug=True)
    assert controller.config.authorization.password == hashed
