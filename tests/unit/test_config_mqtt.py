"""The ``mqtt`` block of a configuration."""

from datetime import timedelta

import pytest

from dotgnatly.config import MqttConfiguration


def test_every_spelling_of_a_key_is_the_same_field():
    """What is written back has one spelling."""
    keys = {
        "listen": 1883,
        "authentication": {"username": "a"},
        "ackwait": "30s",
        "api_timeout": 2,
        "max_inflight": 5,
        "consumer_auto_cleanup": "5m",
    }
    assert MqttConfiguration.from_dict(keys).to_dict() == {
        "port": 1883,
        "authorization": {"user": "a"},
        "ack_wait": "30s",
        "js_api_timeout": "2s",
        "max_ack_pending": 5,
        "consumer_inactive_threshold": "5m",
    }


def test_what_was_written_is_read_as_the_same(reread):
    """Nothing is lost between Python and nats-server's parser."""
    mqtt = MqttConfiguration(
        host="127.0.0.1",
        port=-1,
        tls={"timeout": 3},
        authorization={"token": "a"},
        no_auth_user="visitor",
        ack_wait=timedelta(seconds=40),
        js_api_timeout="4s",
        max_ack_pending=65_535,
        js_domain="hub",
        stream_replicas=3,
        consumer_replicas=1,
        consumer_memory_storage=True,
        consumer_inactive_threshold="5m",
        reject_qos2_publish=True,
        downgrade_qos2_subscribe=True,
    )
    assert reread(mqtt=mqtt).mqtt == mqtt


@pytest.mark.parametrize(
    ("fields", "paths"),
    [
        ({"max_ack_pending": 65_536}, ["max_ack_pending"]),
        ({"max_ack_pending": -1}, ["max_ack_pending"]),
        ({"ack_wait": "soon"}, ["ack_wait"]),
        ({"consumer_memory_storage": "yes"}, ["consumer_memory_storage"]),
        ({"authorization": {"password": 5}}, ["authorization.password"]),
    ],
)
def test_what_the_server_would_refuse_is_a_fault(fields, paths):
    """It comes out before a server is asked."""
    assert [fault.path for fault in MqttConfiguration.from_dict(fields).faults()] == paths
