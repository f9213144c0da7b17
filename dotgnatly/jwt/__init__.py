"""JWTs of operators, accounts and users, for servers in operator mode.

    from dotgnatly import jwt

    operator, account = jwt.create_pair("operator"), jwt.create_pair("account")
    claims = jwt.AccountClaims(sub=account.public, name="SHOP", nats={"limits": {"conn": 100}})
    token = jwt.encode(claims, operator.seed)

Keys and signatures are made by NATS's own modules in the native library. Seeds are returned to the
caller and kept nowhere.
"""

from dotgnatly.jwt.account import (
    Account,
    Export,
    ExternalAuthorization,
    Import,
    JetStreamLimits,
    OperatorLimits,
    ServiceLatency,
    UserScope,
    WeightedMapping,
)
from dotgnatly.jwt.claims import (
    AccountClaims,
    AnyClaims,
    Claims,
    Operator,
    OperatorClaims,
    UserClaims,
    decode,
    encode,
    revoke,
)
from dotgnatly.jwt.creds import Credentials, format_creds, read_creds, write_creds
from dotgnatly.jwt.nkeys import KeyKind, KeyPair, create_pair, public_key, sign, verify
from dotgnatly.jwt.user import (
    Permissions,
    ResponsePermission,
    TimeRange,
    User,
    UserPermissionLimits,
)

__all__ = [
    "Account",
    "AccountClaims",
    "AnyClaims",
    "Claims",
    "Credentials",
    "Export",
    "ExternalAuthorization",
    "Import",
    "JetStreamLimits",
    "KeyKind",
    "KeyPair",
    "Operator",
    "OperatorClaims",
    "OperatorLimits",
    "Permissions",
    "ResponsePermission",
    "ServiceLatency",
    "TimeRange",
    "User",
    "UserClaims",
    "UserPermissionLimits",
    "UserScope",
    "WeightedMapping",
    "create_pair",
    "decode",
    "encode",
    "format_creds",
    "public_key",
    "read_creds",
    "revoke",
    "sign",
    "verify",
    "write_creds",
]
