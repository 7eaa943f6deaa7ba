"""Configures TLS, users and roles for a local server: what `--security` adds to a node's configuration.

The certificates are made with the JDK's keytool and serve 127.0.0.1 and localhost; one authority and one
certificate do for all nodes and for both HTTP and transport. Users and roles live in the file realm.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.cluster.nodes import render_yaml
from engine.errors import OptionsError, StartFailed

OFF: Mapping[str, object] = {"xpack.security.enabled": False}
VALID_DAYS = "825"  # the longest that clients on macOS accept for a server certificate
KEYSTORE = "certificates/node.p12"
# The format of Elasticsearch's Hasher.PBKDF2: "{PBKDF2}", rounds, "$", salt (32 bytes), "$", key (256 bits), with
# HMAC-SHA-512, both in base64.
ROUNDS = 10_000

# user -> the roles of the --roles file that it has; the API that may write rules or products needs both.
USERS: Mapping[str, tuple[str, ...]] = {
    "admin": (),
    "search": ("search",),
    "rules": ("search", "rules"),
    "products": ("search", "products"),
    "keys": ("keys",),
    "etl": ("etl",),
}
ROLE_PREFIX = "visual_search_"

Roles = Mapping[str, Mapping[str, object]]  # {name: {"cluster": [...], "indices": [...]}}


@dataclass(frozen=True)
class Access:
    """Holds the paths of the authority's certificate (PEM) and of the file with {user: password}."""

    ca: Path
    passwords_file: Path

    @classmethod
    def at(cls, data: Path) -> Access:
        return cls(data / "ca.pem", data / "passwords.json")

    def read_passwords(self) -> dict[str, str]:
        return dict(json.loads(self.passwords_file.read_text()))


def ensure_passwords(access: Access, given: Mapping[str, str]) -> dict[str, str]:
    """Writes the passwords (mode 600): given ones win over those of an earlier start, those over new random ones.

    Raises OptionsError for a user that does not exist or a password the server would refuse.
    """
    for user, password in given.items():
        if user not in USERS or len(password) < 6:
            raise OptionsError(
                f"--password {user}=…: users are {', '.join(USERS)}, passwords have 6 or more characters"
            )
    kept = access.read_passwords() if access.passwords_file.exists() else {}
    passwords = {user: secrets.token_urlsafe(16) for user in USERS} | kept | dict(given)
    access.passwords_file.touch(mode=0o600)
    access.passwords_file.write_text(json.dumps(passwords, indent=1) + "\n")
    return passwords


def hash_password(password: str, salt: bytes | None = None) -> str:
    """Returns the password as the file realm keeps it."""
    salt = salt or secrets.token_bytes(32)
    key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ROUNDS, dklen=32)
    return "{PBKDF2}" + "$".join([str(ROUNDS), *(base64.b64encode(part).decode() for part in (salt, key))])


def build_settings(keystore_password: str) -> dict[str, object]:
    """Builds the part of elasticsearch.yml that turns security on, with one keystore for HTTP and transport."""
    settings: dict[str, object] = {"xpack.security.enabled": True}
    for layer in ("http", "transport"):
        settings |= {
            f"xpack.security.{layer}.ssl.enabled": True,
            f"xpack.security.{layer}.ssl.keystore.path": KEYSTORE,
            f"xpack.security.{layer}.ssl.keystore.password": keystore_password,
            f"xpack.security.{layer}.ssl.truststore.path": KEYSTORE,
            f"xpack.security.{layer}.ssl.truststore.password": keystore_password,
        }
    return settings | {"xpack.security.transport.ssl.verification_mode": "certificate"}


def read_roles(file: Path | None) -> Roles:
    """Reads the roles from a JSON file, as `python -m catalog roles` prints them; none where there is no file.

    Which indices there are is not known here. Raises OptionsError.
    """
    if file is None:
        return {}
    try:
        found = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise OptionsError(f"--roles {file}: it cannot be read as JSON: {error}") from error
    wanted = sorted({role for roles in USERS.values() for role in roles})
    if not isinstance(found, dict) or sorted(found) != wanted:
        raise OptionsError(
            f"--roles {file}: roles are {', '.join(wanted)}; make it with `python -m catalog roles > FILE`"
        )
    return found


def build_realm_files(passwords: Mapping[str, str], roles: Roles) -> dict[str, str]:
    """Builds the files of the file realm, by name under config/; users whose roles are not given may do nothing."""
    members = {"superuser": ["admin"]}
    for role in roles:
        members[ROLE_PREFIX + role] = [user for user, its in USERS.items() if role in its]
    return {
        "users": "".join(f"{user}:{hash_password(password)}\n" for user, password in passwords.items()),
        "users_roles": "".join(f"{role}:{','.join(users)}\n" for role, users in members.items()),
        "roles.yml": render_yaml({ROLE_PREFIX + role: dict(body) for role, body in roles.items()}),
    }


def make_certificates(java_home: Path, scratch: Path, ca: Path, password: str) -> bytes:
    """Makes an authority and a node certificate signed by it.

    Writes the authority's certificate (PEM) to `ca` and returns the node's PKCS#12 keystore, which holds the key,
    its chain and the authority as trusted. The authority's own key is left in `scratch`, to be thrown away.
    """
    authority, node = scratch / "ca.p12", scratch / "node.p12"
    request, signed = scratch / "node.csr", scratch / "node.pem"

    def keytool(store: Path, *arguments: str) -> None:
        command = [str(java_home / "bin" / "keytool"), *arguments, "-keystore", str(store), "-storetype", "PKCS12"]
        # By the environment: arguments are visible to every user of the machine.
        command += ["-storepass:env", "STOREPASS"]
        done = subprocess.run(
            command,
            env={"STOREPASS": password},
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        if done.returncode != 0:
            raise StartFailed(f"keytool {arguments[0]} failed: {(done.stdout + done.stderr).strip()}")

    pair = ["-genkeypair", "-keyalg", "EC", "-groupname", "secp256r1", "-validity", VALID_DAYS]
    names = ["-ext", "san=ip:127.0.0.1,dns:localhost"]
    keytool(
        authority, *pair, "-alias", "ca", "-dname", "CN=visual-search local CA", "-ext", "bc:c", "-ext", "ku=kCS,cRL"
    )
    keytool(authority, "-exportcert", "-rfc", "-alias", "ca", "-file", str(ca))
    keytool(node, *pair, "-alias", "node", "-dname", "CN=localhost", *names)
    keytool(node, "-certreq", "-alias", "node", "-file", str(request))
    keytool(authority, "-gencert", "-rfc", "-alias", "ca", "-validity", VALID_DAYS, *names,
            "-infile", str(request), "-outfile", str(signed))  # fmt: skip
    keytool(node, "-importcert", "-noprompt", "-alias", "ca", "-file", str(ca))
    keytool(node, "-importcert", "-noprompt", "-alias", "node", "-file", str(signed))
    return node.read_bytes()
