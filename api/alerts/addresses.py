"""Addresses that are no subscriber's: a webhook there would reach what answers only this machine,
like a cloud's metadata service. Loopback and the intranet are subscribers' on purpose."""

from __future__ import annotations

import asyncio
import socket
import time
from functools import partial
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import httpx

from api.readiness import Question

Address = IPv4Address | IPv6Address

WHY = "a link-local, multicast, unspecified, broadcast or cloud metadata address"

LOOKUPS, LOOKUPS_OF_HUNG = 12, 4
"""Names that are looked up at the same time, and those that hung the last time: together half of a
service's threads."""

_METADATA = (
    "100.100.100.200",  # Alibaba
    "100.96.0.96",  # Volcengine
    "168.63.129.16",  # Azure
    "192.0.0.192",  # Oracle
    "fd00:ec2::254",  # Amazon; its other one is link-local, as those of most clouds
)
_NOBODY = {ip_address(each) for each in ("255.255.255.255", *_METADATA)}
_LAST_32_BITS = (IPv6Network("::/96"), IPv6Network("64:ff9b::/96"))
"""Where an IPv6 address ends in an IPv4 address: compatible ones, and NAT64's."""


def forbidden(address: Address) -> bool:
    """Say whether no subscriber can be at an address, or at the IPv4 address within it."""
    return any(
        each.is_link_local or each.is_multicast or each.is_unspecified or each in _NOBODY
        for each in (address, _within(address))
    )


def _within(address: Address) -> Address:
    if isinstance(address, IPv4Address):
        return address
    if any(address in network for network in _LAST_32_BITS):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address


class Names:
    """Looks up where hosts lead. For one event loop.

    A name server that hangs keeps a thread until the system gives up, long after nobody waits any
    more, and others need threads: few are looked up at once, and none again meanwhile. Names that
    hung wait for each other from then on, and hold up no others.
    """

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(LOOKUPS)
        self._turns_of_hung = asyncio.Semaphore(LOOKUPS_OF_HUNG)
        self._hung: set[str] = set()
        self._questions: dict[str, Question[list[str]]] = {}

    async def refusal(self, host: str, within_s: float) -> str | None:
        """Return why a host is not called, or None: all addresses that its name leads to now are
        looked at. Whoever calls it resolves the name anew, and may be led elsewhere.

        Raises:
            TimeoutError: when this is not known in time.
            ValueError: when this is no name.
        """
        ask = partial(self._addresses, host, within_s)
        question = self._questions.setdefault(host, Question(ask))
        try:
            found = await question.answer(within_s)
        except socket.gaierror as error:
            return f"the webhook's name leads nowhere: {error.strerror}"
        for address in found:
            if forbidden(ip_address(address)):
                return f"the webhook's name leads to {address}, {WHY}; nothing is posted there"
        return None

    async def _addresses(self, host: str, within_s: float) -> list[str]:
        if _is_address(host):
            return [host]
        async with self._turns_of_hung if host in self._hung else self._turns:
            began = time.monotonic()
            try:
                return await _looked_up(host)
            finally:
                if time.monotonic() - began > within_s:
                    self._hung.add(host)
                else:
                    self._hung.discard(host)


async def _looked_up(host: str) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [str(place[0]).partition("%")[0] for *_, place in found]  # without the interface


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def place(webhook: str) -> str:
    """Return the host and port of a webhook; one that is no address is a place of its own."""
    try:
        return httpx.URL(webhook).netloc.decode()
    except (httpx.InvalidURL, ValueError):
        return webhook
