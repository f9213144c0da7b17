"""The ``authorization`` block, users and permissions of a configuration."""

import pytest

from dotgnatly.config import (
    AllowResponsesConfiguration,
    AuthCalloutConfiguration,
    AuthorizationConfiguration,
    PermissionsConfiguration,
    UserConfiguration,
)


@pytest.mark.parametrize("subjects", ["a", ["a"], ("a",), {"allow": "a"}, {"allow": ["a"]}])
def test_subjects_that_are_allowed_have_one_form(subjects):
    """nats-server takes a subject, a list, and a block."""
    assert PermissionsConfiguration(publish=subjects).to_dict() == {"publish": {"allow": ["a"]}}


@pytest.mark.parametrize(
    ("value", "kept"),
    [(True, AllowResponsesConfiguration()), ({}, AllowResponsesConfiguration()), (False, False)],
)
def test_true_is_the_block_of_defaults(value, kept):
    """Leave to reply has limits, which have defaults."""
    permissions = PermissionsConfiguration(allow_responses=value)
    permissions.validate()
    assert permissions.allow_responses == kept


def test_connection_types_are_read_in_any_case():
    """nats-server does so too."""
    user = UserConfiguration(user="a", allowed_connection_types="in_process")
    user.validate()
    assert user.allowed_connection_types == ("IN_PROCESS",)


@pytest.mark.parametrize(
    ("block", "paths"),
    [
        (UserConfiguration(), [""]),
        (UserConfiguration(nkey="U", password="x"), ["nkey"]),
        (
            UserConfiguration(user="a", allowed_connection_types=["FAX"]),
            ["allowed_connection_types[0]"],
        ),
        (AuthorizationConfiguration(user="a", password="b", token="c"), ["token"]),
        (AuthorizationConfiguration(user="a", users=[]), ["user"]),
        (AuthorizationConfiguration(token="a", users=[{"user": "a"}]), ["token"]),
        (AuthorizationConfiguration(users=[{"password": "x"}]), ["users[0]"]),
        (AuthorizationConfiguration(timeout="soon"), ["timeout"]),
        (AuthCalloutConfiguration(), ["issuer", "auth_users"]),
        (PermissionsConfiguration(publish=5), ["publish"]),
        (PermissionsConfiguration(publish=["a", 5]), ["publish.allow[1]"]),
    ],
)
def test_what_the_server_would_refuse_is_a_fault(block, paths):
    """It comes out before a server is asked."""
    assert [fault.path for fault in block.faults()] == paths


@pytest.mark.parametrize(
    ("timeout", "written"),
    [(2, 2), ("1500ms", 1.5), (1.118, 1.118), ("50us", "50us"), ("1ns", "1ns")],
)
def test_a_timeout_is_written_in_seconds(timeout, written):
    """nats-server keeps it as a number of seconds; a duration would come out a little different."""
    assert AuthorizationConfiguration(timeout=timeout).to_dict() == {"timeout": written}
