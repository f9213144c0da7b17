"""Subjects in a configuration: what is one here is one for nats-server's parser, and no other."""

import pytest

from dotgnatly import ConfigError, conffile
from dotgnatly.config import BrokerConfiguration

SUBJECTS = [
    *(
        "a",
        "a.b",
        "a.*",
        "*",
        "*.*",
        ">",
        "a.>",
        "$SYS.>",
        "a.$1",
        "é",
        "a.é",
        "a*b",
        "a>b",
        ">x.b",
    ),
    *("x>.b", "a.*b", "a..b", ".a", "a.", ".", "..", "", ">.a", "a.>.b", ">.>", "a b", "a. b"),
    *("a\tb", "a\n", "\na", "a\x0bb", "a\fb", "a\x1cb", "a\x85b", "a\xa0b", "\u3000", " ", "  "),
    # with a queue group
    *("a q", "a  q", " a q ", "a.> q.*", "> q", "a q.>", "a q r", "a. q", "a q..x", "a\tq", "a\nq"),
    *("a b.>", "* *", "a\xa0q r", "a\x1cb q", "a\x85b c", "a\x0bb c", "a\u2028q", "a\u2028 q r"),
]
OUR_OWN = {"name": "A", "port": -1}


def user(permissions):
    """A user with permissions."""
    return {
        "authorization": {"users": [{"user": "u", "password": "p", "permissions": permissions}]}
    }


def remote(**keys):
    """A remote of leaf nodes."""
    return {"leafnodes": {"remotes": [{"urls": ["nats://h"], **keys}]}}


def exported(**keys):
    """An account that exports something."""
    return {"accounts": {"A": {"exports": [keys]}}}


def imported(kind, subject="x", **keys):
    """An account that imports from another one, which exports everything."""
    source = {kind: {"account": "A", "subject": subject}}
    return {"accounts": {"A": {"exports": [{kind: ">"}]}, "B": {"imports": [source | keys]}}}


PLACES = {
    "publish": lambda s: user({"publish": s}),
    "publish.deny": lambda s: user({"publish": {"deny": ["z", s]}}),
    "subscribe": lambda s: user({"subscribe": s}),
    "subscribe.deny": lambda s: user({"subscribe": {"deny": ["z", s]}}),
    "cluster.import": lambda s: {"cluster": OUR_OWN | {"permissions": {"import": {"deny": s}}}},
    "cluster.export": lambda s: {"cluster": OUR_OWN | {"permissions": {"export": s}}},
    "cluster.authorization": lambda s: {
        "cluster": OUR_OWN | {"authorization": {"user": "u", "permissions": {"sub": s}}}
    },
    "deny_imports": lambda s: remote(deny_imports=[s]),
    "deny_exports": lambda s: remote(deny_exports=s),
    "trace_dest": lambda s: {"accounts": {"A": {"msg_trace": s}}},
    "latency": lambda s: exported(service="z", latency={"subject": s}),
    "export_stream": lambda s: exported(stream=s or "z"),
    "export_service": lambda s: exported(service=s or "z"),
    "token_position_1": lambda s: exported(stream=s or "z", account_token_position=1),
    "token_position_2": lambda s: exported(service=s or "z", account_token_position=2),
    "import_stream": lambda s: imported("stream", s or "z"),
    "import_service": lambda s: imported("service", s or "z"),
    "import_stream_to": lambda s: imported("stream", to=s),
    "import_service_to": lambda s: imported("service", to=s),
    "import_prefix": lambda s: imported("stream", prefix=s),
    "mapping": lambda s: {"mappings": {s: "x"}},
}

SOURCES = ["a", "a.*", "a.*.*", "a.*.b", "*", ">", "a.>", "*.*.>", "a*.b", "a>", "$1", "a.$1.*"]
DESTINATIONS = [
    *("", "b", "b.>", ">", "b.*", "b..c", ".", "b.", "b c", "b.\t", "b.c d", "é.$1"),
    *("$1", "b.$1", "b.$2", "b.$1.$2", "b.$2.$1.$1", "b.$1.>", "$1.$2.$3", "b.$0", "b.$-1", "$+1"),
    *("$", "$x", "$ 1", "$1x", "$99999999999999999999", "$" + "1" * 4000),
    *("{{wildcard(1)}}", "b.{{wildcard(2)}}", "{{ Wildcard ( 1 ) }}", "{{wildcard(1)}}.>"),
    *(
        "{{wildcard(1)}}.{{wildcard(2)}}",
        "{{wildcard(1)}}.$2",
        "{{wildcard(0)}}",
        "{{wildcard(+1)}}",
    ),
    *(
        "{{wildcard()}}",
        "{{wildcard(x)}}",
        "{{wildcard(1,2)}}",
        "{{wildcard(1_0)}}",
        "{{WILDCARD(1)}}",
    ),
    *(
        "{{wildcard(\t1)}}",
        "{{wildcard(1)}}x",
        "x{{wildcard(1)}}",
        "{{wildcard(1)",
        "{{{wildcard(1)}}}",
    ),
    *("{{wildcard(99999999999999999999)}}", "{{left(1,2)}}{{wildcard(1)}}"),
    *("{{partition(3)}}", "{{partition(3,1)}}", "{{Partition(3, 2, 1)}}", "{{partition(3,5)}}"),
    *(
        "{{partition()}}",
        "{{partition(3,x)}}",
        "{{partition(2147483647)}}",
        "{{partition(2147483648)}}",
    ),
    *("{{partition(-5)}}", "{{partition(3 ,1 )}}"),
    *("{{splitFromLeft(1,2)}}", "{{splitfromright(1,2)}}", "{{SliceFromLeft(2,2)}}"),
    *("{{slicefromright(1,-2147483648)}}", "{{left(1,2)}}", "{{Right(2, 1)}}", "{{left(1)}}"),
    *("{{left(1,2,3)}}", "{{left(1,2147483648)}}", "{{left(0,1)}}", "{{left(1,x)}}"),
    *("{{split(1,-)}}", "{{split(1,)}}", "{{split(1)}}", "{{split(1,a b)}}", "{{split(1, - )}}"),
    *("{{split(1,-,2)}}", "{{split(9,-)}}", "{{split (1,-)}}"),
    *(
        "{{random(5)}}",
        "{{random()}}",
        "{{random(x)}}",
        "{{random(5,6)}}",
        "{{random(99999999999)}}",
    ),
    *("{{other(1)}}", "{{}}", "{{x}}", "{{}}}", "{{é}}"),
]
BECOMES = {
    "mapping": lambda source, to: {"mappings": {source: to}},
    "stream": lambda source, to: imported("stream", source, to=to),
    "prefix": lambda source, to: imported("stream", source, prefix=to),
    "service": lambda source, to: imported("service", source, to=to),
}


def disagreement(keys):
    """What is said of a configuration, if nats-server's parser or we find a fault, but not both."""
    config = BrokerConfiguration.from_dict(keys)
    ours = config.faults()
    try:
        BrokerConfiguration.from_text(conffile.render(config).decode())
    except ConfigError as exc:
        return None if ours else (keys, exc.errors)
    return (keys, ours) if ours else None


@pytest.mark.parametrize("place", PLACES)
def test_what_is_a_subject_says_nats_server(place):
    """A subject that it takes is never refused here, and one that it refuses is found before."""
    assert [d for s in SUBJECTS if (d := disagreement(PLACES[place](s)))] == []


@pytest.mark.parametrize("way", BECOMES)
@pytest.mark.parametrize("source", SOURCES)
def test_what_a_subject_can_become_says_nats_server(way, source):
    """The same for what has placeholders and functions."""
    configs = (BECOMES[way](source, to) for to in DESTINATIONS)
    assert [d for keys in configs if (d := disagreement(keys))] == []


def test_a_long_destination_takes_no_longer_than_the_server():
    """A hostile text must not hold up the program: to look for functions in it takes its square."""
    assert disagreement({"mappings": {"a": "b" * 100_000}}) is None
    hostile = "{{wildcard(" * 100_000 + "}}"
    assert BrokerConfiguration(mappings={"a": hostile}).faults() == []


@pytest.mark.parametrize(
    ("destinations", "paths"),
    [
        ([], []),
        ([("b", 40), ("c", 60)], []),
        ([("b", 40), ("c", 61)], ["mappings.a[1].weight"]),
        ([("b", 40), ("b", 10)], ["mappings.a[1].destination"]),
        ([("b", 100, "X"), ("c", 100, "Y"), ("d", 100)], []),
        ([("b", 100, "X"), ("b", 100, "Y")], ["mappings.a[1].destination"]),
        ([("b", 100, ""), ("c", 1)], ["mappings.a[1].weight"]),
        ([("b", 101)], ["mappings.a[0].weight"]),
        ([("b", 100), ("$1", 0)], ["mappings.a[1].destination"]),
    ],
)
def test_destinations_must_go_together(destinations, paths):
    """All by all, as nats-server has it."""
    names = ("destination", "weight", "cluster")
    keys = {"mappings": {"a": [dict(zip(names, d, strict=False)) for d in destinations]}}
    assert disagreement(keys) is None
    assert [fault.path for fault in BrokerConfiguration(**keys).faults()] == paths


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (user({"publish": "a..b"}), "publish.allow[0]: expected a subject, got 'a..b'"),
        (user({"publish": "a q"}), "publish.allow[0]: cannot have a queue group"),
        (exported(service="z", latency="a.*"), "subject: expected a subject without wildcards"),
        ({"mappings": {"a b": "c"}}, "mappings.a b: expected a subject, got 'a b'"),
        ({"mappings": {"a.*": "b.*"}}, "write $1 or {{wildcard(1)}} for the source's first one"),
        ({"mappings": {"a.*": "b.$2"}}, "has $2: the source has no such wildcard"),
        ({"mappings": {"a.*": "{{left(1)}}"}}, "has {{left(1)}}: not the arguments that it takes"),
        ({"mappings": {"a": "{{lft(1)}}"}}, "has {{lft(1)}}: no such function"),
        ({"mappings": {"a.>": "b"}}, "must end with > if the source does, and only then"),
        (imported("service", "a.*", to="b"), "to: does not use every wildcard of the source"),
        (imported("stream", "a.*", prefix="b.*"), "prefix: cannot have wildcards"),
    ],
)
def test_a_fault_says_what_is_wrong_with_it(keys, said):
    """The message is enough to correct it."""
    with pytest.raises(ConfigError) as caught:
        BrokerConfiguration(**keys).validate()
    assert said in str(caught.value)
