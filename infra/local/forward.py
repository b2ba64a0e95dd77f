"""``python -m infra.local.forward``: let containers of one network reach ports of 127.0.0.1, and nobody else.

It listens on the address that the network's bridge has on this machine. Other machines could route packets to that
address: connections from outside the network are closed at once.
"""

import argparse
import asyncio
import contextlib
import signal
import sys
from collections.abc import Sequence
from functools import partial
from ipaddress import IPv4Network, ip_address, ip_network

_LOOPBACK = "127.0.0.1"
_AT_ONCE = 1 << 16  # bytes


async def forward(bind: str, network: IPv4Network, ports: Sequence[int]) -> None:
    """Serve until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    servers = [await asyncio.start_server(partial(_serve, network, port), bind, port) for port in ports]
    print(f"forwarding {', '.join(map(str, ports))} of {bind} for {network}", flush=True)
    await stop.wait()
    for server in servers:
        server.close()


async def _serve(network: IPv4Network, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        if ip_address(writer.get_extra_info("peername")[0]) in network:
            inner_reader, inner_writer = await asyncio.open_connection(_LOOPBACK, port)
            await asyncio.gather(_copy(reader, inner_writer), _copy(inner_reader, writer))
    writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy until the end of one direction; the other one may go on."""
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(_AT_ONCE):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0 when stopped by a signal, 1 when a port is taken."""
    parser = argparse.ArgumentParser(prog="python -m infra.local.forward", description="Forward ports to 127.0.0.1.")
    parser.add_argument("--bind", required=True, help="this machine's address in the network")
    parser.add_argument("--network", type=ip_network, required=True, help="whose hosts may connect, as 172.18.0.0/16")
    parser.add_argument("ports", type=int, nargs="+")
    options = parser.parse_args(arguments)
    try:
        asyncio.run(forward(options.bind, options.network, options.ports))
    except OSError as error:
        print(f"forward: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
