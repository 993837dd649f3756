"""Give a command the servers it needs: the ones named, those of the running `carousel up`, or its own for a while."""

import contextlib
from collections.abc import Iterator

from carousel.embedded.home import Home
from carousel.embedded.prepare import prepare
from carousel.embedded.servers import running_servers
from carousel.settings import Settings


def is_reachable(settings: Settings) -> bool:
    """Whether there are servers without starting any."""
    given = bool(settings.database_url and settings.valkey_url)
    return given or Home.of(settings.home).running() is not None


@contextlib.contextmanager
def attached(settings: Settings, *, migrated: bool = True) -> Iterator[Settings]:
    """Yield the settings with both URLs; the database is migrated, unless that is what the command is for.

    :raises StartError: the servers of this home cannot be started.
    """
    if settings.database_url and settings.valkey_url:
        if migrated:
            prepare(settings.database_url, settings.partitions)
        yield settings
        return
    with contextlib.ExitStack() as stack:
        found = Home.of(settings.home).running()
        if found is None:
            servers = stack.enter_context(running_servers(settings.home, valkey_fsync=settings.valkey_fsync))
            found = {"database_url": servers.database_url, "valkey_url": servers.valkey_url}
        urls = {name: getattr(settings, name) or found[name] for name in ("database_url", "valkey_url")}
        if migrated:
            prepare(str(urls["database_url"]), settings.partitions)
        yield settings.model_copy(update=urls)
