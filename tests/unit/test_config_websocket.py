"""The ``websocket`` block of a configuration, and how clients of other protocols log in."""

import pytest

from dotgnatly.config import (
    BrokerConfiguration,
    ListenerAuthorizationConfiguration,
    WebsocketConfiguration,
)


@pytest.mark.parametrize(
    "name",
    [
        *("allowed_origins", "allowed_origin", "allow_origins", "allow_origin"),
        *("origins", "origin", "ORIGIN"),
    ],
)
def test_every_spelling_of_the_origins_is_the_same_field(name):
    """What is written back has one spelling."""
    websocket = WebsocketConfiguration.from_dict({name: "http://a"})
    assert websocket.to_dict() == {"allowed_origins": ["http://a"]}


def test_what_was_written_is_read_as_the_same(reread):
    """Nothing is lost between Python and nats-server's parser."""
    websocket = WebsocketConfiguration(
        host="127.0.0.1",
        port=-1,
        advertise="h:8080",
        tls={"verify": True},
        no_tls=False,
        same_origin=True,
        allowed_origins=["https://a", "http://b:8080"],
        handshake_timeout="1500ms",
        compression=True,
        authorization={"user": "a", "password": "b", "timeout": 0.5},
        jwt_cookie="jwt",
        user_cookie="user",
        pass_cookie="pass",
        token_cookie="token",
        no_auth_user="visitor",
        headers={"X-Frame-Options": "DENY"},
        ping_interval=70,
    )
    assert reread(websocket=websocket).websocket == websocket


def test_headers_keep_their_case_and_merge_by_name():
    """They are names of the user's own, no keys."""
    config = BrokerConfiguration(websocket={"headers": {"X-A": "1", "X-B": "2"}})
    changed = config.merge({"websocket": {"headers": {"X-B": None, "x-c": "3"}}})
    assert changed.websocket.headers == {"X-A": "1", "x-c": "3"}


def test_the_timeout_of_a_login_is_written_as_a_number():
    """nats-server reads a string there as one second, and says nothing."""
    authorization = ListenerAuthorizationConfiguration(timeout="2500ms")
    assert authorization.to_dict() == {"timeout": 2.5}


@pytest.mark.parametrize("written", ["5s", "1h", True])
def test_a_timeout_that_is_no_number_means_one_second_in_a_file(written):
    """What the file does there it does here, and shows."""
    authorization = ListenerAuthorizationConfiguration.from_conf({"timeout": written})
    assert authorization == ListenerAuthorizationConfiguration(timeout=1)


def test_secrets_are_hidden():
    """A configuration ends up in logs."""
    authorization = ListenerAuthorizationConfiguration.from_dict(
        {"username": "a", "pass": "canary", "token": "canary"}
    )
    assert "canary" not in repr(authorization)


@pytest.mark.parametrize(
    ("fields", "paths"),
    [
        ({"port": -2}, ["port"]),
        ({"handshake_timeout": "soon"}, ["handshake_timeout"]),
        ({"headers": {"X-A": 1}}, ["headers.X-A"]),
        ({"authorization": {"timeout": "1us"}}, ["authorization.timeout"]),
        ({"authorization": {"timeout": "soon"}}, ["authorization.timeout"]),
        ({"allowed_origins": [1]}, ["allowed_origins[0]"]),
        (
            {"tls": {"verify_cert_and_check_known_urls": True}},
            ["tls.verify_cert_and_check_known_urls"],
        ),
    ],
)
def test_what_the_server_would_refuse_is_a_fault(fields, paths):
    """It comes out before a server is asked."""
    websocket = WebsocketConfiguration.from_dict(fields)
    assert [fault.path for fault in websocket.faults()] == paths
