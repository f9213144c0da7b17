"""``.creds`` files: written whole, for their owner only, and read again."""

import os
import stat

import pytest

from dotgnatly import ConfigError, jwt


@pytest.fixture
def user():
    """A user's JWT and seed."""
    pair = jwt.create_pair("user")
    token = jwt.encode(jwt.UserClaims(sub=pair.public), jwt.create_pair("account").seed)
    return jwt.Credentials(token, pair.seed)


def test_what_was_written_is_read(tmp_path, user):
    """The file is all that a client needs."""
    jwt.write_creds(tmp_path / "a.creds", user.jwt, user.seed)
    assert jwt.read_creds(str(tmp_path / "a.creds")) == user


def test_it_is_the_file_of_all_nats_tools(user):
    """So nsc and the nats command read it."""
    lines = jwt.format_creds(user.jwt, user.seed).splitlines()
    at = lines.index("-----BEGIN NATS USER JWT-----")
    assert lines[at + 1] == user.jwt
    at = lines.index("-----BEGIN USER NKEY SEED-----")
    assert lines[at + 1] == user.seed


@pytest.mark.skipif(os.name != "posix", reason="Windows has other permissions")
def test_only_its_owner_may_read_it(tmp_path, user):
    """Whoever reads it is the user; not even for a moment may others, whatever the umask."""
    before = os.umask(0)
    try:
        jwt.write_creds(tmp_path / "a.creds", user.jwt, user.seed)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.creds").stat().st_mode) == 0o600


def test_a_file_is_replaced_as_a_whole(tmp_path, user):
    """A client that reads it meanwhile finds the old or the new one, and nothing lies around."""
    path = tmp_path / "a.creds"
    path.write_text("old")
    path.chmod(0o644)
    jwt.write_creds(path, user.jwt, user.seed)
    assert jwt.read_creds(path) == user
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 or os.name != "posix"
    assert [*tmp_path.iterdir()] == [tmp_path / "a.creds"]


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path, user):
    """What was there stays, and no half of a secret is left behind."""
    (tmp_path / "a.creds").mkdir()
    with pytest.raises(OSError, match=r"a\.creds"):
        jwt.write_creds(tmp_path / "a.creds", user.jwt, user.seed)
    with pytest.raises(OSError, match=r"No such file|cannot find"):
        jwt.write_creds(tmp_path / "missing" / "a.creds", user.jwt, user.seed)
    assert [*tmp_path.iterdir()] == [tmp_path / "a.creds"]


@pytest.mark.parametrize("show", [repr, str, lambda creds: str(creds.__rich_repr__())])
def test_credentials_are_not_shown(user, show):
    """With a bearer token the JWT alone lets in."""
    assert user.jwt not in show(user)
    assert user.seed not in show(user)


@pytest.mark.parametrize(
    ("jwt_of", "seed_of"),
    [("user", "other"), ("user", "account"), ("other", "user"), ("account", "user"), ("", "user")],
)
def test_what_does_not_belong_together_is_refused(tmp_path, user, jwt_of, seed_of):
    """A client with such a file would only hear that it is not let in."""
    account, other = jwt.create_pair("account"), jwt.create_pair("user")
    tokens = {
        "user": user.jwt,
        "other": jwt.encode(jwt.UserClaims(sub=other.public), account.seed),
        "account": jwt.encode(jwt.AccountClaims(sub=account.public), account.seed),
        "": "",
    }
    seeds = {"user": user.seed, "other": other.seed, "account": account.seed}
    with pytest.raises(ConfigError) as error:
        jwt.write_creds(tmp_path / "a.creds", tokens[jwt_of], seeds[seed_of])
    assert "eyJ" not in str(error.value)
    assert not any(seed in str(error.value) for seed in seeds.values())
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("text", ["", "hello", "-----BEGIN NATS USER JWT-----\neyJ", "\0" * 100])
def test_what_is_no_creds_file_is_a_typed_error(tmp_path, text):
    """It may be any file of the user's, and none of it belongs into an error."""
    path = tmp_path / "a.creds"
    path.write_text(text)
    with pytest.raises(ConfigError, match="seed") as error:
        jwt.read_creds(path)
    assert "eyJ" not in str(error.value)
