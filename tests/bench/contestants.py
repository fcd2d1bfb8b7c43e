"""Who runs: the one table of servers. A variant of the hub with other settings is one line here."""

from collections.abc import Mapping

from tests.bench.peers import DIRECTUS, MERCURIUS, POSTGRAPHILE
from tests.bench.servers import ANEW, EMPTY, HUB, LIMIT, PAGE, PAGE_304, REFERENCE, Server

_ALL = (HUB, ANEW, LIMIT, REFERENCE, POSTGRAPHILE, MERCURIUS, DIRECTUS, PAGE, PAGE_304, EMPTY)

SERVERS: Mapping[str, Server] = {server.name: server for server in _ALL}
