"""Before a webhook is called, where its name leads is looked at."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from api.alerts import delivering
from api.alerts.models import Delivery
from minyi.cli.serving import THREADS
from tests.integration.receiver import receiving
from tests.integration.test_alerts import Office, crossed, crossed_unheard

NAME = "hooks.example.org"
RESOLVE = socket.getaddrinfo


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    with receiving() as receiver:
        opened = Office(tmp_path, receiver)
        opened.subscribe(webhook=receiver.url.replace("127.0.0.1", NAME))
        yield opened
        await opened.close()


def lead(monkeypatch: pytest.MonkeyPatch, *addresses: str, wait: Event | None = None) -> None:
    """Let the name lead to these addresses, after a wait if need be."""

    def resolve(host: Any, port: Any, *args: Any, **more: Any) -> Any:
        if host not in (NAME, NAME.encode()):
            return RESOLVE(host, port, *args, **more)
        assert wait is None or wait.wait(20)
        return [found for each in addresses for found in RESOLVE(each, port, *args, **more)]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


@pytest.mark.parametrize(
    "addresses",
    [
        ["169.254.169.254"], ["127.0.0.1", "169.254.169.254"], ["fe80::1"], ["100.100.100.200"],
        ["fd00:ec2::254"], ["::ffff:169.254.169.254"], ["0.0.0.0"], ["255.255.255.255"],
        ["100.96.0.96"], ["168.63.129.16"], ["192.0.0.192"],
    ],
)  # fmt: skip
async def test_a_name_that_leads_to_no_subscriber_is_not_called(
    office: Office, monkeypatch: pytest.MonkeyPatch, addresses: list[str]
) -> None:
    lead(monkeypatch, *addresses)
    await crossed_unheard(office)
    (sent,) = office.store.alerts("s1")
    assert sent.delivery is Delivery.PENDING
    assert sent.last_error
    assert f"leads to {addresses[-1]}, a link-local" in sent.last_error
    assert office.receiver.taken() == []


async def test_a_literal_address_that_was_kept_is_looked_at_too(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead(monkeypatch, "224.0.0.1")
    office.subscribe("s2", webhook="http://[::ffff:169.254.169.254]/hook")
    await crossed_unheard(office)
    (sent,) = office.store.alerts("s2")
    assert "leads to ::ffff:169.254.169.254" in (sent.last_error or "")


async def test_a_name_of_the_intranet_is_called_and_nobody_waits_for_it(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = Event()
    lead(monkeypatch, "127.0.0.1", wait=answered)

    async def answer() -> None:
        await asyncio.sleep(0.05)
        answered.set()  # never, if the loop stood still until the name is resolved

    await asyncio.gather(crossed(office), answer())
    assert office.store.alerts("s1")[0].delivery is Delivery.DELIVERED


async def test_a_name_that_leads_nowhere_is_a_failed_try(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    await crossed_unheard(office)
    (sent,) = office.store.alerts("s1")
    assert (sent.delivery, sent.last_error) == (
        Delivery.PENDING,
        "the webhook's name leads nowhere: Name or service not known",
    )


async def test_a_name_server_that_hangs_is_not_waited_for(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivering, "TIMEOUT_S", 0.2)
    done = Event()
    lead(monkeypatch, "127.0.0.1", wait=done)
    await crossed_unheard(office)
    assert office.store.alerts("s1")[0].last_error == "the webhook did not answer within 0.2 s"
    done.set()


async def test_name_servers_that_hang_leave_threads_to_the_rest_of_the_service(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS))
    monkeypatch.setattr(delivering, "TIMEOUT_S", 0.2)
    done = Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: done.wait(20) and [])
    names = [f"s{number}" for number in range(2, 2 + THREADS)]
    for name in names:
        office.subscribe(name, webhook=f"http://{name}.example.org/hook")
        office.due(name, f"alert-{name}")
    delivered = asyncio.create_task(office.watch.deliver())
    try:
        while not all(office.store.alerts(name)[0].attempts for name in names):
            assert await asyncio.wait_for(asyncio.to_thread(lambda: True), 5)
    finally:
        done.set()
    await delivered
