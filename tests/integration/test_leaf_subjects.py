"""Subjects that cross between a hub and its leaf nodes, set on the hub while all of them run."""

import asyncio

import pytest
from nats.js.api import ExternalStream, StreamConfig, StreamSource

from dotgnatly import BrokerConfiguration, jwt
from tests.conftest import answer, answered, arrived, is_answered
from tests.leaf_subjects import ANN, EDGE, HUB, LEAF, LISTENER, Star, crossing, joined


@pytest.fixture
async def star():
    """A hub without leaf nodes yet."""
    async with Star() as star:
        yield star


async def heard(star, leaf, *subjects, **options):
    """Which of these a leaf node hears of the hub."""
    return await crossing(star.at_hub, leaf, *subjects, **options)


async def sent(star, leaf, *subjects, **options):
    """Which of these the hub hears of a leaf node."""
    return await crossing(leaf, star.at_hub, *subjects, **options)


async def test_nothing_is_filtered_at_first(star):
    """A user without permissions may do everything, and so may his leaf nodes."""
    leaf = await star.leaf()
    assert await heard(star, leaf, "a", "b") == {"a", "b"}
    assert await sent(star, leaf, "a", "b") == {"a", "b"}


async def test_both_directions_are_filtered_at_once(star):
    """Each by its own subjects."""
    await star.hub.set_leaf_subjects("leaf", imports=["a", "b"], exports=["c"])
    leaf = await star.leaf()
    assert await heard(star, leaf, "a", "b", "c", "d") == {"a", "b"}
    assert await sent(star, leaf, "a", "b", "c", "d") == {"c"}


async def test_subjects_are_added_and_removed_live(star):
    """While the leaf node is connected, in both directions."""
    leaf = await star.leaf()
    for imports, exports in ({"a"}, {"b"}), ({"a", "b"}, {"b", "c"}), ({"b"}, {"c"}):
        await star.hub.set_leaf_subjects("leaf", imports=[*imports], exports=[*exports])
        assert await heard(star, leaf, "a", "b", "c") == imports
        assert await sent(star, leaf, "a", "b", "c") == exports


async def test_a_side_that_is_not_given_stays(star):
    """One direction can be changed by itself."""
    leaf = await star.leaf()
    await star.hub.set_leaf_subjects("leaf", imports="a", exports="a")
    await star.hub.set_leaf_subjects("leaf", imports="b")
    await star.hub.set_leaf_subjects("leaf", exports="c")
    assert await heard(star, leaf, "a", "b", "c") == {"b"}
    assert await sent(star, leaf, "a", "b", "c") == {"c"}


async def test_a_subscription_that_is_there_follows(star):
    """Clients of the leaf node stay connected, and need not subscribe again."""
    leaf = await star.leaf()
    subscription = await leaf.subscribe("news.*")
    for subject in ("news.a", "news.b"):
        await star.hub.set_leaf_subjects("leaf", imports=subject)
        await joined(star.at_hub, leaf)
        await star.at_hub.publish("news.a")
        await star.at_hub.publish("news.b")
        await joined(star.at_hub, leaf)
        assert subscription.pending_msgs == 1
        assert (await subscription.next_msg()).subject == subject
    assert leaf.stats["reconnects"] == 0


@pytest.mark.parametrize("to", [(), ("events.>",), (">",)], ids=["each", "wider", "all"])
async def test_a_wildcard_for_one_token(star, to):
    """Whatever is subscribed to at the other end, before the leaf node connects or later."""
    leaf = await star.leaf()
    for client in (star.at_hub, leaf):
        await client.subscribe("events.>")
    await star.hub.set_leaf_subjects(
        "leaf", imports="events.*.new", exports="events.*.new", inboxes="_INBOX.*.*.*"
    )
    subjects = ("events.a.new", "events.b.new", "events.a.b.new", "events.new", "events._.old")
    through = {"events.a.new", "events.b.new"}
    assert await heard(star, leaf, *subjects, to=to) == through
    assert await sent(star, leaf, *subjects, to=to) == through


@pytest.mark.parametrize("to", [(), ("data.*", "data.*.*"), (">",)], ids=["each", "some", "all"])
async def test_a_wildcard_for_all_tokens_that_follow(star, to):
    """One token or more."""
    leaf = await star.leaf()
    await star.hub.set_leaf_subjects("leaf", imports="data.>", exports="data.>")
    subjects, through = ("data", "data.a", "data.a.b", "date.a"), {"data.a", "data.a.b"}
    assert await heard(star, leaf, *subjects, to=to) == through
    assert await sent(star, leaf, *subjects, to=to) == through


async def test_requests_are_answered_in_both_directions(star):
    """Replies find their way although nobody named it; other requests find nobody."""
    leaf = await star.leaf()
    await star.hub.set_leaf_subjects("leaf", imports="at.leaf", exports="at.hub")
    for client, name in (star.at_hub, "hub"), (leaf, "leaf"):
        await answer(client, f"at.{name}", name.encode())
        await answer(client, f"hidden.{name}", b"")
    assert await answered(star.at_hub, "at.leaf") == b"leaf"
    assert await answered(leaf, "at.hub") == b"hub"
    await joined(leaf, star.at_hub)
    assert not await is_answered(star.at_hub, "hidden.leaf")
    assert not await is_answered(leaf, "hidden.hub")


async def test_a_leaf_node_with_inboxes_of_its_own(star):
    """It hears the replies to its clients, and not those to others."""
    leaf = await star.leaf(client={"inbox_prefix": b"_LEAF"})
    await star.hub.set_leaf_subjects("leaf", imports="news", exports="ask", inboxes="_LEAF.>")
    await answer(star.at_hub, "ask", b"answer")
    assert await answered(leaf, "ask") == b"answer"
    assert await heard(star, leaf, "news", "_INBOX.of.others", prefix="_LEAF") == {"news"}


async def test_a_queue_group_is_one_member_to_each_message(star):
    """At the leaf node; without the subject all messages go to the members at the hub."""
    leaf = await star.leaf()
    await star.hub.set_leaf_subjects("leaf", imports="work")
    group = [await leaf.subscribe("work", "group") for _ in range(2)]

    async def work():
        await joined(star.at_hub, leaf)
        for _ in range(40):
            await star.at_hub.publish("work")
        await joined(star.at_hub, leaf)
        return [member.pending_msgs for member in group]

    shares = await work()
    assert sum(shares) == 40
    assert all(shares)
    await star.hub.set_leaf_subjects("leaf", imports="other")
    at_hub = await star.at_hub.subscribe("work", "group")
    assert await work() == shares
    await arrived(star.at_hub)
    assert at_hub.pending_msgs == 40


async def test_each_user_has_subjects_of_its_own(star):
    """To change those of one disturbs no leaf node of another; two of one user hear the same."""
    leaf, twin, edge = await star.leaf(), await star.leaf(), await star.leaf("edge:e@")
    await star.hub.set_leaf_subjects("leaf", imports="a")
    before = await star.cids(3)
    await star.hub.set_leaf_subjects("edge", imports="b")
    assert len(set(before) & set(await star.cids(3))) == 2
    found = [await heard(star, each, "a", "b", "c") for each in (leaf, twin, edge)]
    assert found == [{"a"}, {"a"}, {"b"}]


async def test_a_user_with_an_nkey():
    """He is called by it."""
    pair = jwt.create_pair("user")
    config = LISTENER | {"authorization": {"users": [ANN, {"nkey": pair.public}]}}
    async with Star(config) as star:
        leaf = await star.leaf("", remote={"nkey": pair.seed})
        await star.hub.set_leaf_subjects(pair.public, imports="a", exports="b")
        assert await heard(star, leaf, "a", "b") == {"a"}
        assert await sent(star, leaf, "a", "b") == {"b"}


async def test_a_user_of_an_account():
    """Leaf nodes are in the account of their user."""
    accounts = {"A": {"users": [ANN, LEAF]}, "B": {"users": [EDGE]}}
    async with Star(LISTENER | {"accounts": accounts}) as star:
        leaf = await star.leaf()
        await star.hub.set_leaf_subjects("leaf", imports="a", exports="b")
        assert await heard(star, leaf, "a", "b") == {"a"}
        assert await sent(star, leaf, "a", "b") == {"b"}


async def test_default_permissions_hold_on_the_other_side():
    """A user with permissions of his own has those no more: they must not be lost by this."""
    block = {"users": [LEAF], "default_permissions": {"publish": ["b", "_INBOX.>"]}}
    accounts = {"A": block | {"users": [LEAF, ANN | {"permissions": {}}]}}
    async with Star(LISTENER | {"accounts": accounts}) as star:
        leaf = await star.leaf()
        await star.hub.set_leaf_subjects("leaf", imports="a")
        assert await heard(star, leaf, "a", "b") == {"a"}
        assert await sent(star, leaf, "a", "b") == {"b"}


async def test_what_is_denied_stays_denied():
    """Also after nothing was allowed for a while."""
    leaf_user = LEAF | {"permissions": {"subscribe": {"deny": "a.secret"}}}
    async with Star(LISTENER | {"authorization": {"users": [ANN, leaf_user]}}) as star:
        leaf = await star.leaf()
        for imports in ("a.*", [], ["a.*", "b"]):
            await star.hub.set_leaf_subjects("leaf", imports=imports)
        assert await heard(star, leaf, "a.public", "a.secret", "b") == {"a.public", "b"}


async def test_no_subjects_are_nothing(star):
    """To nats-server an empty list allows everything."""
    leaf = await star.leaf()
    for client, name in (star.at_hub, "hub"), (leaf, "leaf"):
        await answer(client, f"at.{name}", b"")
    await star.hub.set_leaf_subjects("leaf", imports=[], exports="at.hub")
    await joined(leaf, star.at_hub)
    assert not await is_answered(star.at_hub, "at.leaf")
    await star.hub.set_leaf_subjects("leaf", imports="at.leaf", exports=[])
    await joined(star.at_hub, leaf)
    assert not await is_answered(leaf, "at.hub")
    await star.hub.set_leaf_subjects("leaf", exports="at.hub")
    assert await answered(leaf, "at.hub") == b""


@pytest.mark.parametrize("to", [("a.x", "b.x"), ("a.*", "b.*"), (">",)])
async def test_nothing_one_way_is_all_the_same_the_other_way(star, to):
    """Also to subscriptions to wildcards."""
    leaf = await star.leaf()
    await star.hub.set_leaf_subjects("leaf", imports=[], exports="a.*")
    assert await sent(star, leaf, "a.x", "b.x", to=to) == {"a.x"}
    await star.hub.set_leaf_subjects("leaf", imports="a.*", exports=[])
    assert await heard(star, leaf, "a.x", "b.x", to=to) == {"a.x"}


async def test_the_old_connection_is_gone_when_the_call_returns(star):
    """What is allowed no more does not cross a moment longer."""
    leaf = await star.leaf()
    await answer(leaf, "a", b"")
    await answered(star.at_hub, "a")
    (before,) = await star.cids()
    await star.hub.set_leaf_subjects("leaf", imports="b")
    assert not await is_answered(star.at_hub, "a")
    assert before not in {found.cid for found in await star.hub.clients()}


async def test_what_changes_no_subject_disconnects_nobody(star):
    """The same subjects in another order, other users, the rest of the configuration."""
    await star.hub.set_leaf_subjects("leaf", imports=["a", "b"])
    await star.leaf()
    before = await star.cids()
    await star.hub.set_leaf_subjects("leaf", imports=["b", "a"])
    await star.hub.set_leaf_subjects("edge", imports="b")
    await star.hub.update_config(max_payload="2MB")
    assert await star.cids() == before


@pytest.mark.parametrize(
    "narrow",
    [
        lambda hub: hub.update_account("A", {"users": [ANN, allowed("a")]}),
        lambda hub: hub.update_account("A", lambda a: a.replace(users=[ANN, allowed("a")])),
        lambda hub: hub.update_config(accounts={"A": {"users": [ANN, allowed("a")]}}),
        lambda hub: hub.replace_config(LISTENER | accounts(allowed("a"))),
        lambda hub: hub.rollback(),
    ],
    ids=["account", "function", "config", "replaced", "rollback"],
)
async def test_every_change_narrows_what_crosses(narrow):
    """However it is made: a leaf node that is connected knows only what it may by then."""
    async with Star(LISTENER | accounts(allowed("a"))) as star:
        await star.hub.update_account("A", {"users": [ANN, LEAF]})
        leaf = await star.leaf()
        assert await heard(star, leaf, "a", "b") == {"a", "b"}
        await narrow(star.hub)
        assert await heard(star, leaf, "a", "b") == {"a"}


def allowed(*subjects):
    """The user of the leaf nodes with subjects that they may hear."""
    return LEAF | {"permissions": {"subscribe": [*subjects, "_INBOX.>"]}}


def accounts(leaf_user):
    """The accounts of a hub with such a user."""
    return {"accounts": {"A": {"users": [ANN, leaf_user]}}}


async def test_default_permissions_narrow_what_crosses():
    """They are those of all users without their own, leaf nodes' ones among them."""
    async with Star(LISTENER | {"accounts": {"A": {"users": [ANN, LEAF]}}}) as star:
        leaf = await star.leaf()
        default = {"subscribe": [">"], "publish": ["a", "_INBOX.>"]}
        await star.hub.update_account("A", {"default_permissions": default})
        assert await sent(star, leaf, "a", "b") == {"a"}


async def test_a_rollback_brings_the_subjects_before_back(star):
    """They are a part of the version."""
    leaf = await star.leaf()
    await star.hub.set_leaf_subjects("leaf", imports="a")
    await star.hub.set_leaf_subjects("leaf", imports="b")
    await star.hub.rollback()
    assert await heard(star, leaf, "a", "b") == {"a"}


async def test_subjects_survive_a_restart(star):
    """They are a part of the configuration."""
    leaf = await star.leaf()
    await star.hub.set_leaf_subjects("leaf", imports="a")
    await star.at_hub.close()
    await star.hub.update_config(server_name="other", allow_restart=True)
    star.at_hub = await star.connect()
    assert await heard(star, leaf, "a", "b") == {"a"}


async def test_subjects_survive_a_reload(tmp_path):
    """They lie above the file, which knows nothing of them."""
    path = tmp_path / "hub.conf"
    path.write_text("""
        listen: "127.0.0.1:-1", leafnodes { listen: "127.0.0.1:-1" }
        authorization { users: [ { user: ann, password: a }, { user: leaf, password: l } ] }
    """)
    async with Star(BrokerConfiguration.from_file(path)) as star:
        leaf = await star.leaf()
        await star.hub.set_leaf_subjects("leaf", imports="a")
        await star.hub.reload()
        assert await heard(star, leaf, "a", "b") == {"a"}


async def test_concurrent_additions_are_all_kept(star):
    """Ten tasks add a subject each, five to either side."""
    leaf = await star.leaf()
    await star.hub.set_leaf_subjects("leaf", imports=[], exports=[])
    subjects = [f"s{number}" for number in range(5)]

    async def add(side, subject):
        await star.hub.set_leaf_subjects("leaf", **{side: lambda there: [*there, subject]})

    await asyncio.gather(*(add(side, s) for s in subjects for side in ("imports", "exports")))
    assert await heard(star, leaf, *subjects, "other") == set(subjects)
    assert await sent(star, leaf, *subjects, "other") == set(subjects)


class Copied:
    """A stream that is filled with numbers, and its copy on another server."""

    def __init__(self, source, name, target, copy):
        self._source, self._name, self._target, self._copy = source, name, target, copy
        self.acknowledged = 0

    async def fill(self, enough):
        """Publish until it is enough."""
        while not enough.is_set():
            await self._source.publish(self._name, b"%d" % self.acknowledged)
            self.acknowledged += 1

    async def reach(self, count):
        """Wait until so many are in the copy."""
        while (await self._target.stream_info(self._copy)).state.messages < count:
            await asyncio.sleep(0.01)  # between two looks

    async def go_on(self):
        """Wait until one is in the copy that is stored from now on."""
        await self.reach((await self._source.stream_info(self._name)).state.messages + 1)

    async def numbers(self):
        """What is in the copy, of all that were acknowledged."""
        every = range(1, self.acknowledged + 1)
        return [int((await self._target.get_msg(self._copy, seq)).data) for seq in every]


async def test_jetstream_loses_nothing(tmp_path):
    """Streams are copied across in both directions while subjects change again and again."""

    def store(domain):
        return {"jetstream": {"store_dir": tmp_path / domain, "domain": domain}}

    def source(name, domain):
        return StreamSource(name=name, external=ExternalStream(api=f"$JS.{domain}.API"))

    async with Star(HUB | store("hub")) as star, asyncio.timeout(50):
        leaf = await star.leaf(**store("edge"))
        await star.hub.set_leaf_subjects(
            "leaf",
            imports=["$JS.edge.API.>", "$JS.FC.>", "$JS.M.>", "$JSC.R.>"],
            exports=["$JS.hub.API.>", "$JS.FC.>", "$JS.S.>", "$JSC.R.>"],
            inboxes=[],
        )
        at_hub, at_leaf = star.at_hub.jetstream(), leaf.jetstream()
        await at_hub.add_stream(name="HUB", subjects=["HUB"])
        await at_leaf.add_stream(name="EDGE", subjects=["EDGE"])
        await at_leaf.add_stream(StreamConfig(name="OF_HUB", mirror=source("HUB", "hub")))
        await at_hub.add_stream(StreamConfig(name="OF_EDGE", sources=[source("EDGE", "edge")]))
        copies = [
            Copied(at_hub, "HUB", at_leaf, "OF_HUB"),
            Copied(at_leaf, "EDGE", at_hub, "OF_EDGE"),
        ]
        enough = asyncio.Event()

        async def change():
            for number in range(3):
                for copied in copies:  # where it is cut off again at once, it waits 30 s and more
                    await copied.go_on()
                add = [f"new.{number}"]
                await star.hub.set_leaf_subjects("leaf", imports=lambda s, add=add: [*s, *add])
            enough.set()

        await asyncio.gather(change(), *(copied.fill(enough) for copied in copies))
        for copied in copies:
            await copied.reach(copied.acknowledged)
            assert await copied.numbers() == [*range(copied.acknowledged)]
