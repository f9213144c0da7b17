"""Subjects of leaf nodes, by both controllers: set, or refused with nothing changed.

What crosses by them is tested in ``tests/integration/test_leaf_subjects.py``.
"""

import asyncio

import pytest

from dotgnatly import ConfigError, NatsController, NotFoundError, ServerStoppedError, StateError

ANN = {"user": "ann", "password": "a"}
LEAF = {"user": "leaf", "password": "l"}


@pytest.fixture
async def hub(start):
    """A server with a user for leaf nodes."""
    return await start(authorization={"users": [ANN, LEAF]})


def permissions(hub):
    """What the leaf nodes' user may do."""
    return hub.config.authorization.users[1].permissions


async def test_subjects_are_permissions_of_the_user(hub):
    """A version like every change: what is imported he may subscribe to, the rest publish."""
    version = await hub.set_leaf_subjects(
        "leaf", imports=["a", "b.>"], exports="c", author="ann", reason="a new sensor"
    )
    assert (version.number, version.kind) == (2, "update")
    assert (version.author, version.reason) == ("ann", "a new sensor")
    assert version.diff.paths == tuple(
        f"authorization.users[1].permissions.{side}.allow" for side in ("publish", "subscribe")
    )
    assert permissions(hub).subscribe.allow == ("a", "b.>", "_INBOX.>")
    assert permissions(hub).publish.allow == ("c", "_INBOX.>")


async def test_a_side_that_is_not_given_is_not_touched(hub):
    """Nor does the call do anything if neither is, beside the version."""
    await hub.set_leaf_subjects("leaf", imports="a")
    assert not permissions(hub).publish
    assert not (await hub.set_leaf_subjects("leaf")).diff


async def test_no_subjects_allow_one_that_nobody_uses(hub):
    """To the server an empty list of what is allowed is none at all."""
    await hub.set_leaf_subjects("leaf", imports="a", exports="a")
    await hub.set_leaf_subjects("leaf", imports=[], exports=())
    for side in (permissions(hub).subscribe, permissions(hub).publish):
        assert side.allow == ("_NOTHING",)
        assert not side.deny


@pytest.mark.parametrize("inboxes", [(), "_EDGE.>", ["_EDGE.>", "_INBOX.>"]])
async def test_inboxes_can_be_others_or_none(hub, inboxes):
    """They are allowed beside the subjects, on the side that is set."""
    await hub.set_leaf_subjects("leaf", imports="a", inboxes=inboxes)
    expected = [inboxes] if isinstance(inboxes, str) else inboxes
    assert permissions(hub).subscribe.allow == ("a", *expected)


async def test_a_function_is_given_the_subjects_in_force(hub):
    """Those that were set, as they were set: everything, some, or nothing."""
    seen = []
    await hub.set_leaf_subjects("leaf", imports=lambda there: seen.append(there) or ["a.*.b", "c"])
    await hub.set_leaf_subjects("leaf", imports=lambda there: seen.append(there) or [])
    await hub.set_leaf_subjects("leaf", imports=lambda there: seen.append(there) or there)
    assert seen == [(">",), ("a.*.b", "c"), ()]


@pytest.mark.parametrize("publish", [{}, {"publish": {"deny": "b"}}])
async def test_leave_to_respond_is_no_leave_to_send(start, publish):
    """With ``allow_responses`` a user without a list may publish nothing else."""
    user = LEAF | {"permissions": {"allow_responses": True, **publish}}
    hub = await start(authorization={"users": [ANN, user]})
    await hub.set_leaf_subjects("leaf", exports=lambda there: [*there, "a"])
    assert permissions(hub).publish.allow == ("a", "_INBOX.>")


async def test_a_subject_is_listed_once(hub):
    """However often it is added."""
    for _ in range(2):
        await hub.set_leaf_subjects("leaf", imports=lambda there: [*there, "a", "_INBOX.>"])
    assert permissions(hub).subscribe.allow == (">", "a", "_INBOX.>")


async def test_concurrent_additions_lose_none(hub):
    """Read, modify and write are one step."""
    subjects = [f"s{number}" for number in range(10)]
    await asyncio.gather(
        *(
            hub.set_leaf_subjects("leaf", imports=lambda there, s=subject: [*there, s])
            for subject in subjects
        )
    )
    assert {*subjects} < {*permissions(hub).subscribe.allow}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"imports": "a b"}, r"^imports\[0\]: expected a subject, got 'a b'"),
        ({"imports": "a group"}, r"^imports\[0\]"),
        ({"exports": ["a", ">.a", ""]}, r"exports\[1\]: [^\n]*\n?.*exports\[2\]"),
        ({"exports": 3}, r"^exports\[0\]: expected a string"),
        ({"imports": [None]}, r"^imports\[0\]: expected a string"),
        ({"imports": lambda _: None}, r"^imports\[0\]: expected a string"),
        ({"imports": lambda _: "a."}, r"^imports\[0\]: expected a subject"),
        ({"imports": "a", "inboxes": "a..b"}, r"^inboxes\[0\]: expected a subject"),
    ],
)
async def test_what_is_no_subject_is_named(hub, arguments, said):
    """With its place; nothing is changed."""
    with pytest.raises(ConfigError, match=said):
        await hub.set_leaf_subjects("leaf", **arguments)
    assert len(await hub.history()) == 1


@pytest.mark.parametrize("user", ["bob", "", "LEAF"])
async def test_a_user_that_is_not_there_is_not_found(hub, user):
    """He is not made by the way."""
    with pytest.raises(NotFoundError, match="there is no user"):
        await hub.set_leaf_subjects(user, imports="a")
    assert len(await hub.history()) == 1


@pytest.mark.parametrize("authorization", [None, {"user": "leaf", "password": "l"}])
async def test_a_server_without_a_list_of_users_has_none_to_set(start, authorization):
    """A single user has no permissions."""
    hub = await start(authorization=authorization)
    with pytest.raises(NotFoundError):
        await hub.set_leaf_subjects("leaf", imports="a")


async def test_leaf_nodes_must_log_in_as_users(start):
    """By what the ``leafnodes`` block says they would log in past the permissions."""
    own = {"host": "127.0.0.1", "port": -1, "authorization": {"users": [LEAF]}}
    hub = await start(authorization={"users": [ANN, LEAF]}, leafnodes=own)
    with pytest.raises(ConfigError, match=r"^leafnodes\.authorization: leaf nodes log in by this"):
        await hub.set_leaf_subjects("leaf", imports="a")
    assert len(await hub.history()) == 1


async def test_a_function_that_raises_changes_nothing(hub):
    """The error is the caller's own."""
    with pytest.raises(ZeroDivisionError):
        await hub.set_leaf_subjects("leaf", imports=lambda _: 1 // 0)
    assert len(await hub.history()) == 1


def test_a_function_that_calls_the_controller_is_refused():
    """It would wait for itself."""
    with (
        NatsController({"port": -1, "authorization": {"users": [ANN, LEAF]}}) as hub,
        pytest.raises(StateError, match="must not call"),
    ):
        hub.set_leaf_subjects("leaf", imports=lambda _: hub.rollback() and [])


async def test_a_server_that_is_stopped_has_nothing_to_change(make):
    """Its configuration can be given at the start."""
    with pytest.raises(ServerStoppedError):
        await make({"port": -1}).set_leaf_subjects("leaf", imports="a")
