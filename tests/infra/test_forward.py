"""Forwarding to 127.0.0.1: for the hosts of one network, and for nobody else."""

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from infra.local.ministack import free_port

ECHOED = "مرحبا, bonjour, merhaba".encode() * 50_000  # more than any buffer holds


@pytest.fixture
def echo() -> Iterator[int]:
    """A server on a port of 127.0.0.1 that returns what it gets."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_serve, args=(server,), daemon=True).start()
        yield int(server.getsockname()[1])


def _serve(server: socket.socket) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection:
            while data := connection.recv(1 << 16):
                connection.sendall(data)


@contextmanager
def forwarding(port: int, network: str) -> Iterator[str]:
    """Forward from another address of the loopback network, as from a bridge's."""
    bind = "127.0.0.2"
    command = [sys.executable, "-m", "infra.local.forward", "--bind", bind, "--network", network, f"{port}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert b"forwarding" in process.stdout.readline()
        yield bind
        process.terminate()


def exchange(address: tuple[str, int], data: bytes) -> bytes:
    with socket.create_connection(address, timeout=60) as client:
        threading.Thread(target=_send, args=(client, data)).start()
        received = bytearray()
        while some := client.recv(1 << 16):
            received += some
    return bytes(received)


def _send(client: socket.socket, data: bytes) -> None:
    client.sendall(data)
    client.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\n\r\n", b"\x00", ECHOED], ids=["request", "byte", "long"])
def test_network_hosts_are_served(echo: int, data: bytes) -> None:
    """Hosts of the network are served."""
    with forwarding(echo, "127.0.0.0/8") as bind:
        assert exchange((bind, echo), data) == data


@pytest.mark.parametrize("network", ["172.18.0.0/16", "10.0.0.0/8", "127.0.0.64/26"])
def test_other_hosts_get_nothing(echo: int, network: str) -> None:
    with forwarding(echo, network) as bind, socket.create_connection((bind, echo), timeout=60) as client:
        assert client.recv(1) == b""


def test_listens_on_one_address(echo: int) -> None:
    """127.0.0.1 on the same port belongs to the server itself; no wildcard is bound."""
    with forwarding(echo, "127.0.0.0/8"), socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.3", echo)) != 0


def test_taken_port_ends_it() -> None:
    """A taken port ends it with the reason."""
    port = free_port()
    command = [sys.executable, "-m", "infra.local.forward", "--bind", "127.0.0.2", "--network", "127.0.0.0/8"]
    with socket.create_server(("127.0.0.2", port)):
        done = subprocess.run([*command, f"{port}"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "address already in use" in done.stderr.lower()
