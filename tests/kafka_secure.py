"""A Kafka of its own with a listener for names under TLS and one for certificates."""

from __future__ import annotations

import base64
import shutil
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

START_S = 60.0
USER, PASSWORD = "minyi", "a password for this test"


@dataclass(frozen=True)
class SecureKafka:
    """Where it answers, and the files of who it trusts and who trusts it."""

    named: str
    """Bootstrap servers for SASL_SSL with SCRAM-SHA-512."""
    certified: str
    """Bootstrap servers for SSL with a client's certificate."""
    ca: Path
    certificate: Path
    key: Path


def lacking(jars: Path) -> str | None:
    """Return what is missing to run one, None when all is there."""
    for program in ("java", "openssl"):
        if shutil.which(program) is None:
            return f"needs {program} on the PATH"
    return None if any(jars.glob("*.jar")) else f"needs the jars of Kafka in {jars}"


@contextmanager
def secure_kafka(jars: Path, folder: Path) -> Iterator[SecureKafka]:
    """Run one in a folder until the block is left."""
    named, certified, inner, controller = _free_ports(4)
    _certificates(folder)
    settings = folder / "server.properties"
    settings.write_text(_settings(folder, named, certified, inner, controller))
    java = ["java", "-cp", f"{jars}/*"]
    cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    user = f"SCRAM-SHA-512=[name={USER},password={PASSWORD}]"
    subprocess.run(
        [*java, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", settings, "-S", user],
        check=True,
        capture_output=True,
    )
    with (folder / "kafka.log").open("wb") as log:
        broker = subprocess.Popen(
            [*java[:1], "-Xmx384m", *java[1:], "kafka.Kafka", settings], stdout=log, stderr=log
        )
    try:
        _await(broker, named, folder / "kafka.log")
        yield SecureKafka(
            named=f"127.0.0.1:{named}",
            certified=f"127.0.0.1:{certified}",
            ca=folder / "ca.pem",
            certificate=folder / "client.pem",
            key=folder / "client.key",
        )
    finally:
        broker.kill()
        broker.wait()


def _settings(folder: Path, named: int, certified: int, inner: int, controller: int) -> str:
    listeners = {"NAMED": named, "CERTIFIED": certified, "INNER": inner}
    places = ",".join(f"{name}://127.0.0.1:{port}" for name, port in listeners.items())
    one = ["offsets.topic", "transaction.state.log", "share.coordinator.state.topic"]
    login = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
    lines = [
        "process.roles=broker,controller",
        "node.id=1",
        f"controller.quorum.voters=1@127.0.0.1:{controller}",
        "controller.listener.names=CONTROLLER",
        f"listeners={places},CONTROLLER://127.0.0.1:{controller}",
        f"advertised.listeners={places}",
        "listener.security.protocol.map="
        "NAMED:SASL_SSL,CERTIFIED:SSL,INNER:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name=INNER",
        "sasl.enabled.mechanisms=SCRAM-SHA-512",
        f"listener.name.named.scram-sha-512.sasl.jaas.config={login}",
        "listener.name.certified.ssl.client.auth=required",
        "ssl.keystore.type=PEM",
        f"ssl.keystore.location={folder / 'server.both.pem'}",
        "ssl.truststore.type=PEM",
        f"ssl.truststore.location={folder / 'ca.pem'}",
        f"log.dirs={folder / 'data'}",
        "auto.create.topics.enable=false",
        "offsets.topic.num.partitions=4",
        "group.initial.rebalance.delay.ms=0",
        "transaction.state.log.min.isr=1",
        "share.coordinator.state.topic.min.isr=1",
        *(f"{name}.replication.factor=1" for name in one),
    ]
    return "\n".join(lines) + "\n"


def _certificates(folder: Path) -> None:
    """Write a CA, and what it has signed for the server and for a client."""

    def openssl(*arguments: object) -> None:
        subprocess.run(
            ["openssl", *map(str, arguments)], check=True, capture_output=True, cwd=folder
        )

    fresh = ("-newkey", "rsa:2048", "-nodes", "-days", 2)
    openssl("req", "-x509", *fresh, "-subj", "/CN=test CA", "-keyout", "ca.key", "-out", "ca.pem")
    for name in ("server", "client"):
        openssl(
            *("req", "-x509", *fresh, "-subj", f"/CN={name}", "-CA", "ca.pem", "-CAkey", "ca.key"),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=CA:FALSE"),
            *("-keyout", f"{name}.key", "-out", f"{name}.pem"),
        )
        both = (folder / f"{name}.key").read_text() + (folder / f"{name}.pem").read_text()
        (folder / f"{name}.both.pem").write_text(both)


def _await(broker: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Wait until the broker listens."""
    until = time.monotonic() + START_S
    while time.monotonic() < until and broker.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)  # it tells nobody when it is ready
    raise AssertionError(f"no Kafka came up: {log.read_text()[-2000:]}")


def _free_ports(count: int) -> list[int]:
    with ExitStack() as held:  # all at once, so that no port comes twice
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
