"""Operators, accounts and users of tests, made with ``dotgnatly.jwt``."""

from pathlib import Path
from typing import Any

from dotgnatly import BrokerConfiguration, jwt


class Realm:
    """An operator, its system account, and an account of users."""

    def __init__(self, folder: Path, **operator: Any) -> None:
        self.folder = folder
        self.operator = jwt.create_pair("operator")
        self.system, self.account = jwt.create_pair("account"), jwt.create_pair("account")
        nats = {"system_account": self.system.public} | operator
        claims = jwt.OperatorClaims(sub=self.operator.public, name="realm", nats=nats)
        self.operator_jwt = jwt.encode(claims, self.operator.seed)

    def claims(self, pair: jwt.KeyPair | None = None, **nats: Any) -> jwt.AccountClaims:
        """Of an account; default that of the users."""
        return jwt.AccountClaims(sub=(pair or self.account).public, name="A", nats=nats)

    def account_jwt(self, pair: jwt.KeyPair | None = None, **nats: Any) -> str:
        """The JWT of an account; default that of the users."""
        return self.sign(self.claims(pair, **nats))

    def sign(self, claims: jwt.AccountClaims) -> str:
        """The JWT of an account."""
        return jwt.encode(claims, self.operator.seed)

    def config(self, resolver: Any = "MEMORY", **fields: Any) -> BrokerConfiguration:
        """Of a server that knows both accounts."""
        preload = {p.public: self.account_jwt(p) for p in (self.system, self.account)}
        return BrokerConfiguration(
            **{"port": -1, "operator": self.operator_jwt, "resolver": resolver}
            | {"resolver_preload": preload}
            | fields
        )

    def creds(
        self,
        user: jwt.KeyPair | None = None,
        signer: jwt.KeyPair | None = None,
        claims: dict[str, Any] | None = None,
        **nats: Any,
    ) -> Path:
        """A ``.creds`` file of a user; default a new one, signed by the account."""
        user = user or jwt.create_pair("user")
        signed = jwt.UserClaims(sub=user.public, nats=jwt.User(**nats), **claims or {})
        path = self.folder / f"{user.public}.creds"
        token = jwt.encode(signed, (signer or self.account).seed)
        jwt.write_creds(path, token, user.seed)
        return path
