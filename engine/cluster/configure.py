"""Writes the configuration of every node of a cluster."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Sequence
from pathlib import Path

from engine.cluster import nodes, security
from engine.install.account import Account
from engine.options import Options


def write(cluster: Sequence[nodes.Node], home: Path, options: Options, java_home: Path, user: Account) -> None:
    """One folder per node; with security they share certificates, passwords and the realm's files."""
    secure, shared = _secure(options, java_home, cluster[0].folder.parent) if options.security else (security.OFF, {})
    for node in cluster:
        files: dict[str, str | bytes] = {
            **shared,
            "elasticsearch.yml": nodes.render_yaml(nodes.server_settings(node, cluster, secure)),
            "jvm.options.d/engine.options": nodes.render_jvm_options(node, options.heap_or_default()),
        }
        nodes.write(node, home, files, user)


def _secure(options: Options, java_home: Path, data: Path) -> tuple[dict[str, object], dict[str, str | bytes]]:
    access = security.Access.at(data)
    passwords = security.ensure_passwords(access, options.passwords)
    keystore_password = secrets.token_hex(16)
    with tempfile.TemporaryDirectory() as scratch:
        keystore = security.make_certificates(java_home, Path(scratch), access.ca, keystore_password)
    files = security.realm_files(passwords, security.read_roles(options.roles))
    return security.server_settings(keystore_password), {**files, security.KEYSTORE: keystore}
