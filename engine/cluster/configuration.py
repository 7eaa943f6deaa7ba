"""Writes the configuration of every node of a cluster."""

import secrets
import tempfile
from collections.abc import Sequence
from pathlib import Path

from engine.cluster import nodes, security
from engine.install.account import Account
from engine.start_options import StartOptions


def write_configuration(
    cluster: Sequence[nodes.Node],
    home: Path,
    options: StartOptions,
    jvm_options: Sequence[str],
    java_home: Path,
    user: Account,
) -> None:
    """Writes one folder per node; with security they share certificates, passwords and the realm's files."""
    secure, shared = (
        _build_security(options, java_home, cluster[0].folder.parent) if options.security else (security.OFF, {})
    )
    for node in cluster:
        files: dict[str, str | bytes] = {
            **shared,
            "elasticsearch.yml": nodes.render_yaml(nodes.build_settings(node, cluster, secure)),
            "jvm.options.d/engine.options": nodes.render_jvm_options(node, options.choose_heap(), jvm_options),
        }
        nodes.write_files(node, home, files, user)


def _build_security(
    options: StartOptions, java_home: Path, data: Path
) -> tuple[dict[str, object], dict[str, str | bytes]]:
    access = security.Access.at(data)
    passwords = security.ensure_passwords(access, options.passwords)
    keystore_password = secrets.token_hex(16)
    with tempfile.TemporaryDirectory() as scratch:
        keystore = security.make_certificates(java_home, Path(scratch), access.ca, keystore_password)
    files = security.build_realm_files(passwords, security.read_roles(options.roles))
    return security.build_settings(keystore_password), {**files, security.KEYSTORE: keystore}
