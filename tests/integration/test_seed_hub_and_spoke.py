"""The .NET library's tests of a hub and leaf nodes, its behaviours by their names.

Theirs set subjects of the leaf node's listener, which filtered nothing; of the eight, four were
disabled and blamed on nats-server. Here subjects are those of the user that leaf nodes log in as,
and what a leaf node imports the hub exported there, and the other way round.
"""

import pytest

from tests.leaf_subjects import Star, crossing, joined


@pytest.fixture
async def star():
    """A hub without leaf nodes yet."""
    async with Star() as star:
        yield star


async def messages(sender, receiver, subject, count):
    """What arrives of some messages, in its order."""
    subscription = await receiver.subscribe(subject)
    await joined(sender, receiver)
    for number in range(count):
        await sender.publish(subject, b"message %d" % number)
    await joined(sender, receiver)
    return [(await subscription.next_msg()).data for _ in range(subscription.pending_msgs)]


async def test_hub_to_leaf_message_flow(star):
    """Three messages, in order."""
    await star.hub.set_leaf_subjects("leaf", imports="hub.>", exports=[])
    leaf = await star.leaf()
    found = await messages(star.at_hub, leaf, "hub.test", 3)
    assert found == [b"message 0", b"message 1", b"message 2"]


async def test_leaf_to_hub_message_flow(star):
    """Three messages, in order."""
    await star.hub.set_leaf_subjects("leaf", imports=[], exports="leaf.>")
    leaf = await star.leaf()
    found = await messages(leaf, star.at_hub, "leaf.test", 3)
    assert found == [b"message 0", b"message 1", b"message 2"]


async def test_bidirectional_message_flow(star):
    """Both at once, and neither the wrong way. Disabled with them."""
    await star.hub.set_leaf_subjects("leaf", imports="hub.>", exports="leaf.>")
    leaf = await star.leaf()
    assert await messages(star.at_hub, leaf, "hub.test", 2) == [b"message 0", b"message 1"]
    assert await messages(leaf, star.at_hub, "leaf.test", 2) == [b"message 0", b"message 1"]
    assert await crossing(star.at_hub, leaf, "leaf.test") == set()
    assert await crossing(leaf, star.at_hub, "hub.test") == set()


async def test_multiple_leaf_nodes_communicate_through_the_hub(star):
    """From one leaf node by the hub to the other."""
    await star.hub.set_leaf_subjects("leaf", imports=">", exports=">")
    one, two = await star.leaf(), await star.leaf()
    assert await messages(one, two, "test.message", 2) == [b"message 0", b"message 1"]


async def test_dynamic_subject_addition(star):
    """Nothing before, everything after. Disabled with them."""
    await star.hub.set_leaf_subjects("leaf", imports="hub.old.>")
    leaf = await star.leaf()
    assert await messages(star.at_hub, leaf, "hub.new.test", 2) == []
    await star.hub.set_leaf_subjects("leaf", imports=lambda there: [*there, "hub.new.>"])
    assert await messages(star.at_hub, leaf, "hub.new.test", 2) == [b"message 0", b"message 1"]
    assert await crossing(star.at_hub, leaf, "hub.old.test") == {"hub.old.test"}


async def test_dynamic_subject_removal(star):
    """A message before, none after. Disabled with them."""
    await star.hub.set_leaf_subjects("leaf", imports=["hub.test.>", "hub.other"])
    leaf = await star.leaf()
    assert await messages(star.at_hub, leaf, "hub.test.message", 1) == [b"message 0"]
    await star.hub.set_leaf_subjects(
        "leaf", imports=lambda there: [subject for subject in there if subject != "hub.test.>"]
    )
    assert await messages(star.at_hub, leaf, "hub.test.message", 1) == []


async def test_dynamic_subject_replacement(star):
    """New messages come, old ones no more; theirs had stopped reading by then."""
    await star.hub.set_leaf_subjects("leaf", imports="old.>")
    leaf = await star.leaf()
    old = await leaf.subscribe("old.test")
    await joined(star.at_hub, leaf)
    await star.at_hub.publish("old.test")
    await joined(star.at_hub, leaf)
    await star.hub.set_leaf_subjects("leaf", imports="new.>")
    assert await messages(star.at_hub, leaf, "new.test", 1) == [b"message 0"]
    await star.at_hub.publish("old.test")
    await joined(star.at_hub, leaf)
    assert old.pending_msgs == 1


async def test_wildcard_subjects(star):
    """For one token and for several, and nothing beside them. Disabled with them."""
    await star.hub.set_leaf_subjects("leaf", imports=["events.*.created", "data.>"])
    leaf = await star.leaf()
    through = (
        *("events.user.created", "events.order.created"),
        *("data.metrics.cpu", "data.metrics.memory.usage"),
    )
    others = ("events.user.deleted", "events.user.admin.created", "data", "logs.cpu")
    patterns = ("events.>", "data", "data.>", "logs.*")
    found = await crossing(star.at_hub, leaf, *through, *others, to=patterns)
    assert found == set(through)
