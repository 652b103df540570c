"""Closes the socket of a connection that did not come about, which kafka-python 3.0.12 leaves to the garbage collector.

While a broker is away every try leaves one, and our processes collect rarely (`services.garbage`); in tests the
collector comes to it in the middle of some other test. The library is pinned; a test holds that it still needs this.
"""

from functools import cache
from typing import Any

from kafka.net.inet import KafkaNetSocket

LIBRARYS_OWN = KafkaNetSocket.connect


async def connect(
    factory: Any,  # noqa: ANN401 - kafka-python has no types
    net: Any,  # noqa: ANN401
    addrinfo: tuple[Any, ...],
    socket_options: Any = (),  # noqa: ANN401
    timeout_at: float | None = None,
) -> Any:  # noqa: ANN401
    """As the library's own, a factory's method; what it raises, and being given up half-way, closes the socket."""
    family, kind, protocol, _, address = addrinfo
    sock = factory.socket(family, kind, protocol)
    try:
        sock.setblocking(False)
        for option in socket_options:
            sock.setsockopt(*option)
        return await factory.sock_connect(net, sock, address, timeout_at=timeout_at)
    except BaseException:
        sock.close()
        raise


@cache
def close_failed_sockets() -> None:
    """Have all clients of this process do so, from the first call on."""
    KafkaNetSocket.connect = connect
