"""Settings of Kafka's security: what is wrong is said, what is right reaches both clients."""

from __future__ import annotations

import logging
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest
from faust.transport.drivers.aiokafka import credentials_to_aiokafka_auth
from pydantic import SecretStr

from minyi.errors import SettingError
from minyi.setting_groups import KafkaSettings
from streams.kafka import KafkaAccess, client_options, credentials, servers

SECRET = "correct horse battery staple"


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate, its key, and another key."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl to make a certificate")
    folder = tmp_path_factory.mktemp("pem")
    for name in ("own", "other"):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
             "-subj", "/CN=127.0.0.1", "-keyout", f"{name}.key", "-out", f"{name}.pem"],
            cwd=folder, check=True, capture_output=True,
        )  # fmt: skip
    subprocess.run(
        ["openssl", "rsa", "-aes256", "-passout", "pass:x", "-in", "own.key", "-out", "locked.key"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    (folder / "torn.pem").write_text("-----BEGIN CERTIFICATE-----\nabc\n")
    return folder


def sasl(**more: object) -> KafkaSettings:
    given = {"security": "SASL_SSL", "username": "minyi", "password": SecretStr(SECRET)}
    return KafkaSettings.model_validate(given | more)


def test_by_default_nobody_is_named_and_nothing_encrypted() -> None:
    assert client_options(KafkaSettings()) == {"security_protocol": "PLAINTEXT"}
    assert credentials(KafkaSettings()) is None


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
@pytest.mark.parametrize("security", ["SASL_SSL", "SASL_PLAINTEXT"])
def test_tools_and_workers_give_kafka_the_same_user(security: str, mechanism: str) -> None:
    settings = sasl(security=security, mechanism=mechanism)
    tools = client_options(settings)
    worker = dict(credentials_to_aiokafka_auth(credentials(settings)))
    contexts = [options.pop("ssl_context", None) for options in (tools, worker)]
    assert tools == worker
    assert tools == {
        "security_protocol": security,
        "sasl_mechanism": mechanism,
        "sasl_plain_username": "minyi",
        "sasl_plain_password": SECRET,
    }
    for context in contexts:
        assert (context is not None) == (security == "SASL_SSL")


def test_the_server_must_prove_who_it_is(pem: Path) -> None:
    files = {"ca_file": pem / "own.pem", "cert_file": pem / "own.pem", "key_file": pem / "own.key"}
    settings = KafkaSettings(security="SSL", **files)
    for options in (
        client_options(settings),
        credentials_to_aiokafka_auth(credentials(settings)),
    ):
        assert options["security_protocol"] == "SSL"
        context = options["ssl_context"]
        assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
        (trusted,) = context.get_ca_certs()
        assert trusted["subject"] == ((("commonName", "127.0.0.1"),),)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"security": "SASL_SSL"}, "set MINYI_KAFKA__USERNAME too"),
        ({"security": "SASL_SSL", "username": "u"}, "set MINYI_KAFKA__PASSWORD too"),
        ({"username": "u"}, "MINYI_KAFKA__USERNAME is set, but .*PLAINTEXT.*write SASL_SSL"),
        ({"security": "SSL", "password": SECRET}, "MINYI_KAFKA__PASSWORD is set, but"),
        ({"ca_file": "own.pem"}, "MINYI_KAFKA__CA_FILE is set, but .*write SSL"),
        ({"security": "SSL", "ca_file": "gone.pem"}, "MINYI_KAFKA__CA_FILE: no file .*gone.pem"),
        ({"security": "SSL", "ca_file": "torn.pem"}, "MINYI_KAFKA__CA_FILE: .*must be PEM"),
        ({"security": "SSL", "cert_file": "own.pem"}, "set MINYI_KAFKA__KEY_FILE too"),
        ({"security": "SSL", "key_file": "own.key"}, "set MINYI_KAFKA__CERT_FILE too"),
        (
            {"security": "SSL", "cert_file": "own.pem", "key_file": "other.key"},
            "a key must fit its certificate",
        ),
        (
            {"security": "SSL", "cert_file": "own.pem", "key_file": "locked.key"},
            "a key without password",
        ),
    ],
)
def test_what_does_not_fit_together_is_said(settings: dict[str, str], says: str, pem: Path) -> None:
    given = {k: pem / v if k.endswith("_file") else v for k, v in settings.items()}
    for use in (client_options, credentials, lambda s: KafkaAccess("127.0.0.1:1", s)):
        with pytest.raises(SettingError, match=says) as caught:
            use(KafkaSettings.model_validate(given))
        assert SECRET not in str(caught.value)


def test_sasl_without_encryption_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        client_options(sasl(security="SASL_PLAINTEXT", mechanism="PLAIN"))
    (record,) = caplog.records
    assert "comments and the password travel unencrypted" in record.getMessage()
    assert SECRET not in record.getMessage()


def test_the_password_is_in_no_representation() -> None:
    settings = sasl()
    shown = [settings, credentials(settings), KafkaAccess("127.0.0.1:1", settings)]
    assert not [thing for thing in shown if SECRET in f"{thing!r} {thing!s}"]


def test_a_user_in_the_url_is_refused_and_not_repeated() -> None:
    with pytest.raises(SettingError, match="MINYI_KAFKA__USERNAME") as caught:
        servers(f"kafka://minyi:{SECRET}@host:9092")
    assert SECRET not in str(caught.value)
    assert servers("kafka://a:1;kafka://b:2") == "a:1,b:2"
    assert servers("kafka://a:1,kafka://b:2") == "a:1,b:2"
