"""Free TCP ports on 127.0.0.1, outside the range from which the kernel gives ports to clients."""

import os
import random
import socket

_random = random.Random(os.getpid() * 1_000_003 + int.from_bytes(os.urandom(4), "big"))


def free_port() -> int:
    """Return a port that nobody listens on now. Others pick at random too, so it stays free in all likelihood."""
    while True:
        port = _random.randrange(15_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
