"""API keys: how one is made, what is kept of it, and what it allows. The key itself is kept nowhere."""

import hashlib
import hmac
import re
import secrets
import string
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from catalog.domain.product import Moment, has_control
from catalog.errors import InvalidApiKey

Scope = Literal["search", "catalog", "admin"]  # ask questions; write products; write rules
Fault = Literal["revoked", "expired"]
ID_LENGTH = 8
ALPHABET = string.ascii_lowercase + string.digits
SECRET_BYTES = 32
# `vs_<id>_<secret>`: the id is no secret, by it a key is looked up, listed, logged and revoked.
KEY = re.compile(rf"vs_([a-z0-9]{{{ID_LENGTH}}})_[A-Za-z0-9_-]{{43}}", re.ASCII)
RATE = re.compile(r"([1-9][0-9]{0,5})/(s|m|h)", re.ASCII)
SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True)
class Rate:
    """Allows `count` requests at once, and as many again every `seconds`."""

    count: int
    seconds: float


@cache
def parse_rate(text: str) -> Rate:
    """Reads `50/s`, `600/m` or `1000/h`; raises ValueError for anything else."""
    found = RATE.fullmatch(text)
    if found is None:
        raise ValueError(f"'{text}' is no rate; write requests per second, minute or hour: 50/s, 600/m, 1000/h")
    return Rate(int(found[1]), SECONDS[found[2]])


def _check_rate(text: str) -> str:
    parse_rate(text)
    return text


def _printable(name: str) -> str:
    if has_control(name):
        raise ValueError("a name holds no control characters")
    return name


RateText = Annotated[str, AfterValidator(_check_rate)]


class ApiKey(BaseModel):
    """What is kept of a key. `name` says to people whose it is; without a `rate` the setting API_KEY_RATE counts."""

    model_config = ConfigDict(extra="ignore", frozen=True, str_strip_whitespace=True)

    id: str
    name: Annotated[str, Field(min_length=1, max_length=128), AfterValidator(_printable)]
    hash: str
    scopes: Annotated[tuple[Scope, ...], Field(min_length=1)]
    created_at: Moment
    expires_at: Moment | None = None
    revoked_at: Moment | None = None
    rate: RateText | None = None

    @property
    def public_id(self) -> str:
        """Returns the part of the key that may be shown: `vs_<id>`."""
        return f"vs_{self.id}"

    def find_fault(self, now: datetime) -> Fault | None:
        """Returns why the key allows nothing any more, None where it still does."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else None

    def fits(self, text: str) -> bool:
        """Says whether `text` is this key, in a time that does not depend on how much of it is right."""
        return hmac.compare_digest(hash_key(text), self.hash)


def hash_key(text: str) -> str:
    """Returns what is kept of a key: SHA-256, in hexadecimal.

    A slow hash, as for passwords, would protect nothing here: 256 random bits cannot be guessed, and every request
    would pay for it.
    """
    return hashlib.sha256(text.encode()).hexdigest()


def read_id(text: str) -> str | None:
    """Returns the id in a key, None for a text that is no key."""
    found = KEY.fullmatch(text)
    return found[1] if found else None


def make_key(name: str, scopes: tuple[str, ...], **limits: Any) -> tuple[ApiKey, str]:
    """Makes a new random key; returns what to keep of it, and the key, which is nowhere else.

    `limits` may be `expires_at` and `rate`. Raises InvalidApiKey for a name, scopes or limits that are none.
    """
    key_id = "".join(secrets.choice(ALPHABET) for _ in range(ID_LENGTH))
    text = f"vs_{key_id}_{secrets.token_urlsafe(SECRET_BYTES)}"
    unique = tuple(dict.fromkeys(scopes))
    content = {"id": key_id, "name": name, "hash": hash_key(text), "scopes": unique, "created_at": datetime.now(UTC)}
    return parse(content | limits), text


def parse(content: Any) -> ApiKey:
    """Reads what is kept of a key; raises InvalidApiKey that names the field."""
    try:
        return ApiKey.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(map(str, first["loc"]))
        raise InvalidApiKey(f"{field}: {first['msg'].removeprefix('Value error, ')}", field=field) from None


def document(key: ApiKey) -> dict[str, Any]:
    """Returns a key as it is stored."""
    return key.model_dump(mode="json", exclude_none=True)
