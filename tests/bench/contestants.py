"""Who runs: the one table of servers. A variant of the hub with other settings is one line here."""

from collections.abc import Mapping

from tests.bench.peers import MERCURIUS, POSTGRAPHILE
from tests.bench.servers import HUB, LIMIT, REFERENCE, Server

SERVERS: Mapping[str, Server] = {
    server.name: server for server in (HUB, LIMIT, REFERENCE, POSTGRAPHILE, MERCURIUS)
}
