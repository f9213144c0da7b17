"""Claims: what they hold, how they are signed and read, and what is refused."""

import base64
import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import nkeys
import pytest
from msgspec import UNSET

from dotgnatly import ConfigError, Fault, SubjectPermissionsConfiguration, jwt

SAMPLES = json.loads(
    (Path(__file__).parents[2] / "gobridge" / "testdata" / "claims.json").read_text()
)
"""Claims that say all that there is to say; the Go tests see to that."""

CLASSES = {"operator": jwt.OperatorClaims, "account": jwt.AccountClaims, "user": jwt.UserClaims}


def pair(prefix):
    """Always the same one of a kind, and made without Go: modules are only collected here."""
    seed = nkeys.encode_seed(bytes([prefix] * 32), prefix)
    return jwt.KeyPair(nkeys.from_seed(bytearray(seed)).public_key.decode(), seed.decode())


OPERATOR = pair(nkeys.PREFIX_BYTE_OPERATOR)
ACCOUNT = pair(nkeys.PREFIX_BYTE_ACCOUNT)
USER = pair(nkeys.PREFIX_BYTE_USER)
HOUR = timedelta(hours=1)
TIME = datetime(2040, 1, 2, 3, 4, 5, tzinfo=UTC)


def as_claims(sample):
    """The claims of a sample."""
    nats = {name: value for name, value in sample["nats"].items() if name != "type"}
    return CLASSES[sample["nats"]["type"]].from_conf(sample | {"nats": nats})


def seed_for(claims):
    """The seed of somebody who may sign them."""
    return ACCOUNT.seed if isinstance(claims, jwt.UserClaims) else OPERATOR.seed


def payload(token):
    """What a JWT says, without our help."""
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample["name"])
def test_all_that_claims_can_say_is_known(sample):
    """No field of NATS's is missing, and none is spelt in another way."""
    claims = as_claims(sample)
    assert claims.faults() == []
    kept = claims.to_dict()
    kept["nats"]["type"] = claims.type
    assert kept == sample
    assert claims._extras is UNSET
    assert claims.nats._extras is UNSET


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample["name"])
def test_what_was_signed_is_read(sample):
    """Nothing is lost on the way through the JWT."""
    claims = as_claims(sample)
    token = jwt.encode(claims, seed_for(claims))
    read = jwt.decode(token)
    signed = {name: getattr(read, name) for name in ("iss", "iat", "jti")}
    unsaid = {"limits", "default_permissions", "authorization"}  # which the module writes anyway
    assert type(read) is type(claims)
    for name, value in claims.to_dict()["nats"].items():
        assert sorted_keys(read.to_dict()["nats"][name]) == sorted_keys(value), name
    assert read.to_dict()["nats"].keys() - claims.to_dict()["nats"].keys() <= unsaid
    assert read.replace(nats=None) == claims.replace(nats=None, **signed)
    assert read.validate() == jwt.decode(jwt.encode(read, seed_for(claims))).validate()


def sorted_keys(value):
    """Signing keys come out sorted."""
    return sorted(value, key=str) if isinstance(value, list) else value


def test_limits_that_are_not_said_are_none():
    """An account is as free as the jwt module makes new ones, and has no JetStream."""
    limits = jwt.decode(
        jwt.encode(jwt.AccountClaims(sub=ACCOUNT.public), OPERATOR.seed)
    ).nats.limits
    assert limits == jwt.OperatorLimits(
        subs=-1, data=-1, payload=-1, imports=-1, exports=-1, wildcards=True, conn=-1, leaf=-1
    )


def test_a_limit_of_nothing_stays_one():
    """In a JWT 0 is left out: read as what is not said, it would be no limit when signed again."""
    limits = {"conn": 0, "subs": 0, "payload": 0, "leaf": 0, "wildcards": False}
    claims = jwt.AccountClaims(sub=ACCOUNT.public, nats={"limits": limits})
    for _ in range(2):
        token = jwt.encode(claims, OPERATOR.seed)
        assert not payload(token)["nats"]["limits"].keys() & limits.keys()
        claims = jwt.decode(token, jwt.AccountClaims)
        assert {name: getattr(claims.nats.limits, name) for name in limits} == limits
    user = jwt.encode(jwt.UserClaims(sub=USER.public, nats={"subs": 0}), ACCOUNT.seed)
    assert jwt.decode(user, jwt.UserClaims).nats.subs == 0


@pytest.mark.parametrize("name", ["subs", "data", "payload"])
def test_a_scope_cannot_allow_nothing(name):
    """The jwt module reads 0 in a template as no limit: the opposite of what is meant."""
    scope = jwt.UserScope(key=jwt.create_pair("account").public, template={name: 0})
    claims = jwt.AccountClaims(sub=ACCOUNT.public, nats={"signing_keys": [scope]})
    with pytest.raises(ConfigError, match=rf"template\.{name}: cannot be 0"):
        jwt.encode(claims, OPERATOR.seed)


def test_a_scoped_user_says_nothing_himself():
    """Else the server refuses him: his signing key says it all."""
    claims = jwt.UserClaims(sub=USER.public, nats=jwt.User.scoped(ACCOUNT.public, tags=["a"]))
    token = jwt.encode(claims, jwt.create_pair("account").seed)
    assert payload(token)["nats"].keys() - {"pub", "sub", "tags"} == {
        "issuer_account",
        "type",
        "version",
    }


@pytest.mark.parametrize(
    "given",
    [
        TIME,
        TIME.replace(microsecond=999_999),
        TIME.astimezone(timezone(-5 * HOUR)),
        int(TIME.timestamp()),
    ],
)
def test_times_are_datetimes_in_utc(given):
    """However they are given, they are whole seconds in one zone."""
    claims = jwt.UserClaims(sub=USER.public, exp=given)
    assert claims.exp == TIME
    assert claims.exp.tzinfo is UTC
    token = jwt.encode(claims, ACCOUNT.seed)
    assert payload(token)["exp"] == int(TIME.timestamp())
    assert jwt.decode(token).exp == TIME


@pytest.mark.parametrize(
    "given",
    [datetime(2040, 1, 1), 0, -5, True, "2040-01-01", 1.5, 1 << 80, datetime.min],  # noqa: DTZ001, DTZ901
)
def test_what_is_no_time_is_refused(given):
    """Without a zone nobody knows which one was meant, and 0 would be for ever."""
    claims = jwt.UserClaims(sub=USER.public, exp=given)
    with pytest.raises(ConfigError) as error:
        jwt.encode(claims, ACCOUNT.seed)
    assert [fault.path for fault in error.value.errors] == ["exp"]


def test_values_are_taken_as_in_a_configuration():
    """Sizes, durations, a single subject for a list, dicts for structs."""
    claims = jwt.AccountClaims(
        sub=ACCOUNT.public,
        nats={
            "limits": {"payload": "1MB", "tiered_limits": {"R1": {"disk_storage": "1GB"}}},
            "default_permissions": {"pub": "a.>", "resp": {"max": 1, "ttl": "2m"}},
            "exports": [{"subject": "q", "type": "service", "response_threshold": 5}],
        },
    )
    nats = payload(jwt.encode(claims, OPERATOR.seed))["nats"]
    assert nats["limits"]["payload"] == 1 << 20
    assert nats["limits"]["tiered_limits"]["R1"]["disk_storage"] == 1 << 30
    assert nats["default_permissions"]["pub"]["allow"] == ["a.>"]
    assert nats["default_permissions"]["resp"]["ttl"] == 120_000_000_000
    assert nats["exports"][0]["response_threshold"] == 5_000_000_000
    assert claims.nats.default_permissions.pub == SubjectPermissionsConfiguration(allow="a.>")
    assert claims.nats.default_permissions.resp.ttl == timedelta(minutes=2)


@pytest.mark.parametrize(
    ("claims", "path"),
    [
        (jwt.UserClaims(), "sub"),
        (jwt.UserClaims(sub=ACCOUNT.public), "sub"),
        (jwt.UserClaims(sub=USER.seed), "sub"),
        (jwt.AccountClaims(sub=USER.public), "sub"),
        (jwt.OperatorClaims(sub=ACCOUNT.public), "sub"),
        (jwt.UserClaims(sub=USER.public, nats={"pub": "a b"}), "nats.pub.allow[0]"),
        (jwt.UserClaims(sub=USER.public, nats={"sub": "a..b"}), "nats.sub.allow[0]"),
        (jwt.UserClaims(sub=USER.public, nats={"sub": []}), "nats.sub.allow"),
        (jwt.UserClaims(sub=USER.public, nats={"src": "here"}), ""),
        (jwt.UserClaims(sub=USER.public, nats={"times": [{"start": "8", "end": "9"}]}), ""),
        (jwt.UserClaims(sub=USER.public, nats={"times_location": "Atlantis"}), ""),
        (
            jwt.UserClaims(sub=USER.public, nats={"allowed_connection_types": "PIGEON"}),
            "nats.allowed_connection_types[0]",
        ),
        (
            jwt.AccountClaims(sub=ACCOUNT.public, nats={"signing_keys": [USER.public]}),
            "nats.signing_keys[0]",
        ),
        (
            jwt.AccountClaims(sub=ACCOUNT.public, nats={"signing_keys": [ACCOUNT.seed]}),
            "nats.signing_keys[0]",
        ),
        (
            jwt.AccountClaims(sub=ACCOUNT.public, nats={"revocations": {"ann": TIME}}),
            "nats.revocations.ann",
        ),
        (jwt.AccountClaims(sub=ACCOUNT.public, nats={"exports": [{"subject": "a"}]}), ""),
        (
            jwt.AccountClaims(
                sub=ACCOUNT.public,
                nats={"limits": {"mem_storage": 1, "tiered_limits": {"R1": {"streams": 1}}}},
            ),
            "",
        ),
        (
            jwt.OperatorClaims(
                sub=OPERATOR.public, nats={"operator_service_urls": ["nats://me:secret@host"]}
            ),
            "",
        ),
    ],
)  # fmt: skip
def test_wrong_claims_are_refused(claims, path):
    """Both checks name what is wrong, before anything is signed, and show no secret."""
    for check in (claims.validate, lambda: jwt.encode(claims, seed_for(claims))):
        with pytest.raises(ConfigError) as error:
            check()
        assert path in [fault.path for fault in error.value.errors]
        for secret in (USER.seed, ACCOUNT.seed, OPERATOR.seed, "me:secret"):
            assert secret not in str(error.value)
            assert all(secret not in fault.value for fault in error.value.errors)


def test_an_unknown_field_is_refused():
    """A misspelt limit would be none."""
    with pytest.raises(ConfigError, match=r"limits\.con: unknown field `con`, did you mean `conn`"):
        jwt.AccountClaims(sub=ACCOUNT.public, nats={"limits": {"con": 1}})


@pytest.mark.parametrize(
    ("claims", "signer"),
    [
        (jwt.UserClaims(sub=USER.public), OPERATOR),
        (jwt.UserClaims(sub=USER.public), USER),
        (jwt.AccountClaims(sub=ACCOUNT.public), USER),
        (jwt.OperatorClaims(sub=OPERATOR.public), ACCOUNT),
        (jwt.AccountClaims(sub=ACCOUNT.public), jwt.KeyPair("", OPERATOR.public)),
        (jwt.AccountClaims(sub=ACCOUNT.public), jwt.KeyPair("", "")),
    ],
)
def test_a_seed_of_the_wrong_kind_does_not_sign(claims, signer):
    """No server would take it, and it would not say why."""
    with pytest.raises(ConfigError, match=r"^seed: ") as error:
        jwt.encode(claims, signer.seed)
    assert not signer.seed or signer.seed not in str(error.value)


def test_doubts_are_told():
    """They keep nobody from anything."""
    claims = jwt.AccountClaims(sub=ACCOUNT.public, nats={"limits": {"conn": 1}})
    read = jwt.decode(jwt.encode(claims, ACCOUNT.seed))
    assert read.validate() == (
        Fault("", "self-signed account JWTs shouldn't contain operator limits"),
    )


@pytest.mark.parametrize(("key", "by"), [("exp", -HOUR), ("nbf", HOUR)])
def test_the_time_is_looked_at(key, by):
    """Unless one wants to look into what has expired, or to renew it."""
    claims = jwt.UserClaims(sub=USER.public, **{key: datetime.now(UTC) + by})
    token = jwt.encode(claims, ACCOUNT.seed)
    with pytest.raises(ConfigError) as error:
        jwt.decode(token)
    assert [fault.path for fault in error.value.errors] == [key]
    assert jwt.decode(token, check_time=False).sub == USER.public


@pytest.mark.parametrize("part", [0, 1, 2])
def test_what_was_tampered_with_is_refused(part):
    """Every bit is signed."""
    token = jwt.encode(jwt.UserClaims(sub=USER.public), ACCOUNT.seed)
    parts = token.split(".")
    at = len(parts[part]) // 2
    parts[part] = (
        parts[part][:at] + ("A" if parts[part][at] != "A" else "B") + parts[part][at + 1 :]
    )
    with pytest.raises(ConfigError, match="is no valid JWT") as error:
        jwt.decode(".".join(parts))
    assert parts[1] not in str(error.value)


def test_who_signs_for_himself_is_not_who_he_says():
    """The signature is checked against the key that it names, and that one is told."""
    token = jwt.encode(jwt.UserClaims(sub=USER.public), ACCOUNT.seed)
    header, _, _ = token.split(".")
    forged = payload(token) | {"iss": OPERATOR.public}
    text = base64.urlsafe_b64encode(json.dumps(forged).encode()).rstrip(b"=").decode()
    signature = jwt.sign(USER.seed, f"{header}.{text}".encode())
    text += "." + base64.urlsafe_b64encode(signature).rstrip(b"=").decode()
    with pytest.raises(ConfigError, match="signature verification"):
        jwt.decode(f"{header}.{text}")
    assert jwt.decode(token).iss == ACCOUNT.public


@pytest.mark.parametrize(
    "token", ["", "a", "a.b", "a.b.c", "....", "é.é.é", "\udc80", "x" * 2_000_000, "eyJ0.eyJ0.AA"]
)
def test_what_is_no_jwt_is_refused(token):
    """Whatever one is sent."""
    with pytest.raises(ConfigError, match="is no valid JWT"):
        jwt.decode(token)


def test_a_jwt_is_of_the_kind_asked_for():
    """A user's JWT is none of an account, however well it is signed."""
    token = jwt.encode(jwt.UserClaims(sub=USER.public), ACCOUNT.seed)
    assert jwt.decode(token, jwt.UserClaims) == jwt.decode(token)
    with pytest.raises(ConfigError, match=r"nats\.type: expected account, got user"):
        jwt.decode(token, jwt.AccountClaims)


def test_a_revoked_user_is_in_the_claims():
    """They are new ones: the old ones stay as they are."""
    claims = jwt.AccountClaims(sub=ACCOUNT.public, nats={"tags": ["a"]})
    revoked = jwt.revoke(claims, USER.public, at=TIME)
    assert revoked.nats.revocations == {USER.public: TIME}
    assert revoked.nats.tags == ("a",)
    assert claims == jwt.AccountClaims(sub=ACCOUNT.public, nats={"tags": ["a"]})
    assert jwt.decode(jwt.encode(revoked, OPERATOR.seed)).nats.revocations == {USER.public: TIME}


def test_a_revocation_is_as_of_now():
    """Unless somebody says since when."""
    before = datetime.now(UTC).replace(microsecond=0)
    claims = jwt.revoke(jwt.AccountClaims(sub=ACCOUNT.public), "*")
    assert before <= claims.nats.revocations["*"] <= datetime.now(UTC)


def test_a_revocation_does_not_go_back():
    """What was revoked stays revoked; others are revoked beside it."""
    claims = jwt.revoke(jwt.AccountClaims(sub=ACCOUNT.public), USER.public, at=TIME)
    assert jwt.revoke(claims, USER.public, at=TIME - HOUR) == claims
    later = jwt.revoke(claims, USER.public, at=TIME + HOUR)
    assert later.nats.revocations == {USER.public: TIME + HOUR}
    assert len(jwt.revoke(claims, "*").nats.revocations) == 2


@pytest.mark.parametrize(
    ("user", "at"),
    [(ACCOUNT.public, None), ("ann", None), (USER.seed, None), (USER.public, datetime(2040, 1, 1))],  # noqa: DTZ001
    ids=["account", "name", "seed", "no-zone"],
)
def test_nobody_is_revoked_by_a_wrong_name_or_time(user, at):
    """He would go on unnoticed."""
    with pytest.raises(ConfigError) as error:
        jwt.revoke(jwt.AccountClaims(sub=ACCOUNT.public), user, at=at)
    assert USER.seed not in str(error.value)


def test_an_activation_is_not_shown():
    """It is what lets an account import."""
    taken = jwt.Import(subject="a", account=ACCOUNT.public, type="stream", token="secret-token")
    assert "secret-token" not in repr(taken)


def test_claims_load_no_go(run_python):
    """A program that forks its workers may make them before."""
    done = run_python(
        """
        import sys
        from dotgnatly import jwt
        jwt.AccountClaims(name="A", nats={"limits": {"conn": 1}}).to_dict()
        print("dotgnatly._native" in sys.modules)
        """
    )
    assert done.out == "False\n", done.err
