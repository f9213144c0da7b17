"""The .NET library's tests of subjects of leaf nodes, its behaviours by their names.

Theirs compared what had been stored, which reached no server. Here each test looks at what clients
on both sides hear, of a leaf node that is connected all the time.
"""

import pytest

from tests.leaf_subjects import Star, crossing


class Subjects:
    """A hub and a leaf node, whose subjects are set, added and removed."""

    def __init__(self, star, leaf):
        self._star, self._leaf = star, leaf

    async def set(self, **sides):
        """Set the subjects of either side."""
        await self._star.hub.set_leaf_subjects("leaf", **sides)

    async def add(self, side, *subjects):
        """Add to those of a side."""
        await self.set(**{side: lambda there: [*there, *subjects]})

    async def remove(self, side, subject):
        """Take one away from those of a side."""
        await self.set(**{side: lambda there: [one for one in there if one != subject]})

    async def imported(self, *subjects):
        """Which of these the leaf node hears."""
        return await crossing(self._star.at_hub, self._leaf, *subjects)

    async def exported(self, *subjects):
        """Which of these the hub hears."""
        return await crossing(self._leaf, self._star.at_hub, *subjects)


@pytest.fixture
async def subjects():
    """Those of a leaf node that is connected."""
    async with Star() as star:
        yield Subjects(star, await star.leaf())


async def test_configure_leaf_node_with_import_and_export_subjects(subjects):
    """Two of each."""
    await subjects.set(imports=["events.>", "data.*"], exports=["commands.>", "status.*"])
    tried = ("events.a.b", "data.a", "data.a.b", "commands.a.b", "status.a", "status.a.b")
    assert await subjects.imported(*tried) == {"events.a.b", "data.a"}
    assert await subjects.exported(*tried) == {"commands.a.b", "status.a"}


async def test_hot_reload_adds_import_subjects(subjects):
    """Two more than the one."""
    await subjects.set(imports="events.>")
    await subjects.add("imports", "data.*", "logs.>")
    tried = ("events.a", "data.a", "logs.a.b", "other")
    assert await subjects.imported(*tried) == {"events.a", "data.a", "logs.a.b"}


async def test_hot_reload_removes_import_subjects(subjects):
    """One of three."""
    await subjects.set(imports=["events.>", "data.*", "logs.>"])
    await subjects.remove("imports", "data.*")
    assert await subjects.imported("events.a", "data.a", "logs.a") == {"events.a", "logs.a"}


async def test_hot_reload_adds_export_subjects(subjects):
    """Two more than the one."""
    await subjects.set(exports="commands.>")
    await subjects.add("exports", "status.*", "metrics.>")
    tried = ("commands.a", "status.a", "metrics.a.b", "other")
    assert await subjects.exported(*tried) == {"commands.a", "status.a", "metrics.a.b"}


async def test_hot_reload_replaces_all_import_subjects(subjects):
    """None of the old ones is heard any more."""
    await subjects.set(imports=["old.>", "legacy.*"])
    await subjects.set(imports=["new.>", "modern.*"])
    tried = ("old.a", "legacy.a", "new.a", "modern.a")
    assert await subjects.imported(*tried) == {"new.a", "modern.a"}


async def test_hot_reload_replaces_all_export_subjects(subjects):
    """None of the old ones is sent any more."""
    await subjects.set(exports=["old.>", "legacy.*"])
    await subjects.set(exports=["new.>", "modern.*"])
    tried = ("old.a", "legacy.a", "new.a", "modern.a")
    assert await subjects.exported(*tried) == {"new.a", "modern.a"}


async def test_multiple_sequential_hot_reloads_of_leaf_node_subjects(subjects):
    """Two added, the first removed: the leaf node follows each step."""
    tried = ("v1.a", "v2.a", "v3.a")
    await subjects.set(imports="v1.>")
    assert await subjects.imported(*tried) == {"v1.a"}
    await subjects.add("imports", "v2.>")
    assert await subjects.imported(*tried) == {"v1.a", "v2.a"}
    await subjects.add("imports", "v3.>")
    assert await subjects.imported(*tried) == {"v1.a", "v2.a", "v3.a"}
    await subjects.remove("imports", "v1.>")
    assert await subjects.imported(*tried) == {"v2.a", "v3.a"}


async def test_leaf_node_with_wildcard_patterns(subjects):
    """Both kinds, one of them twice in a subject; and at last the one for everything."""
    await subjects.set(imports=["events.>", "data.*.received", "logs.*.*.error"])
    through = {"events.a.b", "data.a.received", "logs.a.b.error"}
    others = {"events", "data.a.lost", "data.received", "logs.a.error", "logs.a.b.c.error"}
    assert await subjects.imported(*through, *others) == through
    await subjects.add("imports", ">")
    assert await subjects.imported(*through, *others) == through | others
