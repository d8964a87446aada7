"""Who we are to Kafka, and whom we trust: the settings, checked, for aiokafka and for Faust."""

from __future__ import annotations

import logging
import ssl
from pathlib import Path
from typing import Any

from faust.auth import SASLCredentials, SSLCredentials

from minyi.errors import SettingError
from minyi.setting_groups import KafkaSettings

log = logging.getLogger(__name__)
PREFIX = "MINYI_KAFKA__"


def client_options(settings: KafkaSettings) -> dict[str, Any]:
    """Return what an aiokafka client takes to be let in.

    Raises:
        SettingError: when settings are missing, contradict each other or name no usable file.
    """
    _check(settings)
    options: dict[str, Any] = {"security_protocol": settings.security}
    if _encrypted(settings):
        options["ssl_context"] = _context(settings)
    if _named(settings):
        options |= {
            "sasl_mechanism": settings.mechanism,
            "sasl_plain_username": settings.username,
            "sasl_plain_password": settings.password.get_secret_value(),
        }
    return options


def credentials(settings: KafkaSettings) -> SASLCredentials | SSLCredentials | None:
    """Return the same for a Faust app.

    Raises:
        SettingError: see :func:`client_options`.
    """
    _check(settings)
    context = _context(settings) if _encrypted(settings) else None
    if _named(settings):
        return SASLCredentials(
            username=settings.username,
            password=settings.password.get_secret_value(),
            mechanism=settings.mechanism,
            ssl_context=context,
        )
    return SSLCredentials(context) if context else None


def _named(settings: KafkaSettings) -> bool:
    return settings.security.startswith("SASL_")


def _encrypted(settings: KafkaSettings) -> bool:
    return settings.security.endswith("SSL")


def _check(settings: KafkaSettings) -> None:
    """A setting that would be ignored is as wrong as one that is missing: somebody relies on it."""
    named, encrypted = _named(settings), _encrypted(settings)
    who = {
        "USERNAME": settings.username,
        "PASSWORD": settings.password.get_secret_value(),
    }
    files = {
        "CA_FILE": settings.ca_file,
        "CERT_FILE": settings.cert_file,
        "KEY_FILE": settings.key_file,
    }
    for name, value in who.items():
        if named and not value:
            raise SettingError(f"{PREFIX}SECURITY is {settings.security}: set {PREFIX}{name} too")
        if value and not named:
            raise SettingError(
                f"{PREFIX}{name} is set, but {PREFIX}SECURITY is {settings.security}, which names "
                "no user; write SASL_SSL"
            )
    for name, file in files.items():
        if file and not encrypted:
            raise SettingError(
                f"{PREFIX}{name} is set, but {PREFIX}SECURITY is {settings.security}, which does "
                f"not encrypt; write {'SASL_SSL' if named else 'SSL'}"
            )
        if file and not file.is_file():
            raise SettingError(f"{PREFIX}{name}: no file {file}")
    if bool(settings.cert_file) != bool(settings.key_file):
        missing = "KEY_FILE" if settings.cert_file else "CERT_FILE"
        raise SettingError(f"a certificate and its key belong together: set {PREFIX}{missing} too")
    if settings.security == "SASL_PLAINTEXT":
        log.warning(
            "%sSECURITY is SASL_PLAINTEXT: comments%s travel unencrypted; use it on a trusted "
            "network only",
            PREFIX,
            " and the password" if settings.mechanism == "PLAIN" else "",
        )


def _context(settings: KafkaSettings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
    except (ssl.SSLError, OSError) as error:
        raise _unreadable("CA_FILE", settings.ca_file, error) from error
    if settings.cert_file:
        try:  # a key under a password would be asked for at the terminal
            context.load_cert_chain(settings.cert_file, settings.key_file, password="")
        except (ssl.SSLError, OSError) as error:
            raise _unreadable("CERT_FILE and KEY_FILE", settings.cert_file, error) from error
    return context


def _unreadable(name: str, file: Path | None, error: Exception) -> SettingError:
    return SettingError(
        f"{PREFIX}{name}: {file} cannot be used ({error}); it must be PEM, a key without password, "
        "and a key must fit its certificate"
    )
