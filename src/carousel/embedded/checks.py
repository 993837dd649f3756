"""What is checked before anything starts, so that each mistake is one clear line."""

import errno
import socket

from carousel.errors import StartError


def free_port(host: str, port: int, *, names: tuple[str, str] = ("--host", "--port")) -> int:
    """Return `port`, or a free one for 0.

    :param names: what the two are given by.
    :raises StartError: it is taken, or the address is not this machine's.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            return int(probe.getsockname()[1])
    except socket.gaierror as error:
        raise StartError(f"host {host} is not known ({error.strerror}): choose another with {names[0]}") from error
    except PermissionError as error:
        raise StartError(f"port {port} needs more rights than this user has: choose one above 1023") from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise StartError(
                f"port {port} on {host} is in use: stop what uses it, or choose another with {names[1]}"
            ) from error
        raise StartError(
            f"cannot listen on {host} port {port} ({error.strerror}): choose another {names[0]}"
        ) from error
