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
from api.alerts.addresses import LOOKUPS
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


class Hanging:
    """A world in which the names that begin with ``hang`` are looked up without end, until told."""

    def __init__(self, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS))
        monkeypatch.setattr(delivering, "TIMEOUT_S", 0.5)
        monkeypatch.setattr(socket, "getaddrinfo", self._resolve)
        self._office = office
        self._ended = Event()
        self.names = [f"s{number}" for number in range(2, 2 + LOOKUPS)]
        for name in self.names:
            office.subscribe(name, webhook=f"http://hang-{name}.example.org/hook")

    def _resolve(self, host: Any, port: Any, *args: Any, **more: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name.startswith("hang"):
            assert self._ended.wait(20)
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return RESOLVE("127.0.0.1" if name == NAME else host, port, *args, **more)

    async def try_all(self, number: int) -> asyncio.Task[None]:
        """Begin to deliver an alert to each; return when each has been tried."""
        self._ended.clear()
        for name in self.names:
            self._office.due(name, f"alert-{name}-{number}")
        delivered = asyncio.create_task(self._office.watch.deliver())
        while not await asyncio.to_thread(self._tried):
            pass
        return delivered

    def _tried(self) -> bool:
        alerts = self._office.store.alerts
        return all(sent.attempts for name in self.names for sent in alerts(name))

    def end(self) -> None:
        self._ended.set()


@pytest.fixture
async def hanging(office: Office, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Hanging]:
    opened = Hanging(office, monkeypatch)
    yield opened
    opened.end()


async def test_an_address_does_not_wait_for_name_servers_that_hang(
    office: Office, hanging: Hanging
) -> None:
    office.subscribe("literal", webhook=office.receiver.url)
    delivered = await hanging.try_all(1)
    office.due("literal", "alert-literal")
    await office.watch.deliver()
    assert office.store.alerts("literal")[0].delivery is Delivery.DELIVERED
    hanging.end()
    await delivered


async def test_names_that_have_hung_do_not_hold_up_others_again(
    office: Office, hanging: Hanging
) -> None:
    delivered = await hanging.try_all(1)
    hanging.end()
    await delivered
    delivered = await hanging.try_all(2)
    office.due("s1", "alert-s1")
    await office.watch.deliver()
    assert office.store.alerts("s1")[0].delivery is Delivery.DELIVERED
    hanging.end()
    await delivered
