"""Users, passwords and TLS settings of a secured local server."""

from __future__ import annotations

import base64
import hashlib
import json

import pytest
import yaml

from engine.cluster import security
from engine.errors import OptionsError
from engine.start_options import StartOptions


def test_a_hash_can_be_checked_as_the_server_does():
    scheme, salt, key = security.hash_password("geheim").split("$")
    assert scheme == "{PBKDF2}10000"
    again = hashlib.pbkdf2_hmac("sha512", b"geheim", base64.b64decode(salt), 10_000, dklen=32)
    assert base64.b64decode(key) == again
    assert security.hash_password("geheim") != security.hash_password("geheim")


def test_passwords_are_kept_given_ones_win_and_the_file_is_private(tmp_path):
    access = security.Access.at(tmp_path)
    first = security.ensure_passwords(access, {})
    second = security.ensure_passwords(access, {"search": "given-one"})
    assert set(first) == set(security.USERS)
    assert second == first | {"search": "given-one"} == access.read_passwords()
    assert access.passwords_file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("given", [{"nobody": "long enough"}, {"etl": "short"}], ids=str)
def test_wrong_users_and_short_passwords_are_refused(tmp_path, given):
    with pytest.raises(OptionsError, match="users are admin, search, rules, products, keys, etl"):
        security.ensure_passwords(security.Access.at(tmp_path), given)


ROLES = {
    name: {"cluster": [], "indices": [{"names": [name], "privileges": ["read"]}]}
    for name in ("search", "rules", "products", "keys", "etl")
}


def test_realm_files_give_each_user_its_roles():
    files = security.build_realm_files({user: user[0] for user in security.USERS}, ROLES)
    users = [line.partition(":{PBKDF2}")[0] for line in files["users"].splitlines()]
    assert users == ["admin", "search", "rules", "products", "keys", "etl"]
    assert files["users_roles"].splitlines() == [
        "superuser:admin",
        "visual_search_search:search,rules,products",
        "visual_search_rules:rules",
        "visual_search_products:products",
        "visual_search_keys:keys",
        "visual_search_etl:etl",
    ]
    roles = yaml.safe_load(files["roles.yml"])
    assert roles == {f"visual_search_{name}": body for name, body in ROLES.items()}


def test_without_roles_only_the_admin_may_do_anything():
    files = security.build_realm_files({"admin": "a", "search": "b"}, security.read_roles(None))
    assert (files["users_roles"], files["roles.yml"]) == ("superuser:admin\n", "")


@pytest.mark.parametrize("content", ["no JSON", "[]", "{}", '{"search": {}}'], ids=str)
def test_a_file_that_holds_no_roles_is_refused_before_anything_starts(tmp_path, content):
    file = tmp_path / "roles.json"
    file.write_text(content)
    with pytest.raises(OptionsError, match="--roles"):
        StartOptions(security=True, roles=file)
    with pytest.raises(OptionsError, match="--roles"):
        StartOptions(security=True, roles=tmp_path / "nothing.json")
    file.write_text(json.dumps(ROLES))
    assert StartOptions(security=True, roles=file).roles == file
    with pytest.raises(OptionsError, match="only for --security"):
        StartOptions(roles=file)


def test_both_layers_are_encrypted():
    settings = security.build_settings("pw")
    assert settings["xpack.security.http.ssl.enabled"] is settings["xpack.security.transport.ssl.enabled"] is True
