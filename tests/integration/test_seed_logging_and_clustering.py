"""The .NET library's tests of logging and clustering options, its behaviours by their names.

Theirs looked at the configuration that they had stored, and at times at nothing. Here it is the log
file, the streams on disk, and what the server says of itself.
"""

from datetime import UTC, datetime, timedelta

import nats
import pytest
from nats.js.errors import APIError

from dotgnatly import ConfigError, NatsCluster, NatsController


@pytest.fixture
def serve(tmp_path):
    """Makes servers with a log file, by the rest of their configuration."""
    return lambda **fields: NatsController({"port": -1, "log_file": tmp_path / "nats.log"} | fields)


@pytest.fixture
def log(tmp_path):
    """The log file of the test's server."""
    return tmp_path / "nats.log"


@pytest.fixture
def domain(tmp_path):
    """What the .NET library's tests set of JetStream."""
    return {"store_dir": tmp_path / "store", "domain": "hub", "unique_tag": "az:"}


async def stored(server, domain=None):
    """The data of a message that goes through a stream of a server."""
    client = await nats.connect(server.client_url)
    try:
        jetstream = client.jetstream(domain=domain)
        await jetstream.add_stream(name="S", subjects=["s"])
        await jetstream.publish("s", b"stored")
        return (await jetstream.get_msg("S", 1)).data
    finally:
        await client.close()


# -- logging ---------------------------------------------------------------------------------------


def test_log_file_configuration_can_be_set(serve, log):
    """It is in force, and with it the time of each line and the limit of the size."""
    with serve(logtime=True, logfile_size_limit="1MB") as server:
        config = server.effective_config().config
        assert config.log_file == str(log)
        assert (config.logtime, config.logfile_size_limit) == (True, 1 << 20)


def test_log_file_is_created_when_log_file_is_configured(serve, log):
    """And has the lines of the start in it."""
    with serve():
        assert "Server is ready" in log.read_text()


def test_log_time_utc_can_be_toggled_via_hot_reload(serve, log):
    """The lines that follow have the other time."""
    with serve() as server:
        for utc in (True, False):
            server.update_config(logtime_utc=utc)
            server.update_config(max_payload=4096 + utc)  # which is told of in a line
            line = log.read_text().splitlines()[-1]
            stamp = " ".join(line.split()[1:3])
            told = datetime.strptime(stamp, "%Y/%m/%d %H:%M:%S.%f").replace(tzinfo=UTC)
            now = datetime.now(UTC) if utc else datetime.now().replace(tzinfo=UTC)  # noqa: DTZ005
            assert timedelta(0) <= now - told < timedelta(minutes=1)


def test_re_open_log_file_succeeds_when_log_file_is_configured(serve, log, tmp_path):
    """What comes afterwards is in a new file."""
    with serve() as server:
        log.rename(tmp_path / "old.log")
        server.reopen_log()
        server.update_config(max_payload=4096)
        assert "Reloaded: max_payload = 4096" in log.read_text()
    assert "Server is ready" in (tmp_path / "old.log").read_text()


def test_re_open_log_file_succeeds_when_no_log_file_is_configured(nats_server):
    """There is nothing to do."""
    nats_server.reopen_log()
    assert nats_server.is_running


@pytest.mark.parametrize("size", [0, 1 << 10, 100 << 20, "1GB"])
def test_log_file_size_validation_accepts_valid_values(serve, log, size):
    """The server starts with them."""
    with serve(logfile_size_limit=size):
        assert log.exists()


def test_negative_log_file_size_is_rejected(serve, log):
    """Before there is a file."""
    with pytest.raises(ConfigError, match="logfile_size_limit"):
        serve(logfile_size_limit=-1).start()
    assert not log.exists()


# -- options ---------------------------------------------------------------------------------------
# Theirs gave the server's options as a JSON text; here effective_config says what is in force.


def test_get_opts_returns_valid_json(nats_server):
    """As a document that can be read again."""
    config = nats_server.effective_config().config
    assert type(config).from_json(config.to_json()) == config


def test_get_opts_contains_expected_configuration_keys(nats_server):
    """The port that was found, and the server's own defaults."""
    config = nats_server.effective_config().config
    assert nats_server.client_url.endswith(f":{config.port}")
    assert config.max_payload == 1 << 20


def test_get_opts_reflects_current_configuration_after_hot_reload(nats_server):
    """Theirs compared texts with the time in them, which always differed."""
    nats_server.update_config(max_payload=4096, debug=True)
    config = nats_server.effective_config().config
    assert (config.max_payload, config.debug) == (4096, True)
    assert nats_server.varz().max_payload == 4096


# -- clustering ------------------------------------------------------------------------------------


async def test_jetstream_domain_can_be_configured(serve, domain):
    """Streams are reached by its name, and by no other."""
    del domain["unique_tag"]
    with serve(jetstream=domain) as server:
        assert await stored(server, "hub") == b"stored"
        with pytest.raises(nats.js.errors.Error):
            await stored(server, "other")


async def test_jetstream_unique_tag_can_be_configured(tmp_path):
    """Copies of a stream are put on servers whose tags differ."""
    jetstream = {"store_dir": tmp_path, "unique_tag": "az:"}
    with NatsCluster(3, config={"jetstream": jetstream, "server_tags": ["az:one"]}) as cluster:
        client = await nats.connect(cluster.client_urls)
        with pytest.raises(APIError, match="no suitable peers"):
            await client.jetstream().add_stream(name="S", num_replicas=3)
        await client.close()


async def test_domain_and_tag_together(serve, domain):
    """One does not do away with the other."""
    with serve(jetstream=domain, server_tags=["az:one"]) as server:
        assert server.varz().jetstream.config.domain == "hub"
        assert server.varz().tags == ("az:one",)
        assert await stored(server, "hub") == b"stored"


def test_jetstream_clustering_properties_are_set_at_startup(serve, domain):
    """The server says that it has them."""
    with serve(jetstream=domain, server_tags=["az:one"]) as server:
        config = server.varz().jetstream.config
        assert (config.domain, config.unique_tag) == ("hub", "az:")


async def test_logging_and_clustering_together(serve, log, domain):
    """All at once, and a stream that works."""
    with serve(jetstream=domain, server_tags=["az:one"], debug=True, logtime_utc=True) as server:
        assert await stored(server, "hub") == b"stored"
        text = log.read_text()
    assert "Domain:" in text
    assert "[DBG]" in text
