"""Runs every check against HOST:PORT, for each protocol version and compression that the driver has.

usage: main.py HOST PORT [VOTERS [KIND]]

VOTERS is the number of backends behind a proxy; with more than one, conditional writes are refused. KIND is `cassandra`,
or `embedded`, which runs no functions written in Java. One line is printed per check; the exit status is 1 if any failed.
"""

import contextlib
import sys
import traceback

from cassandra import ConsistencyLevel, InvalidRequest
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile
from cassandra.policies import RoundRobinPolicy

from checks import CHECKS, expect

COMBINATIONS = [(3, None), (3, "lz4"), (4, None), (4, "lz4"), (4, "snappy"), (5, None), (5, "lz4")]


class Server:
    """A connected session, and what a check needs to know about it."""

    def __init__(self, host, port, voters, kind, version, compression):
        self.version, self.voters, self.kind = version, voters, kind
        self.keyspace = f"python_v{version}_{compression or 'plain'}"
        self._connect = lambda: connect(host, port, version, compression)
        self.cluster = self._connect()
        self.session = self.cluster.connect()
        self.session.execute(f"DROP KEYSPACE IF EXISTS {self.keyspace}", timeout=60)
        self.session.execute(
            f"CREATE KEYSPACE {self.keyspace} WITH replication = {{'class': 'SimpleStrategy', 'replication_factor': 1}}",
            timeout=60)
        self.session.set_keyspace(self.keyspace)

    def metadata(self):
        self.cluster.refresh_schema_metadata()
        return self.cluster.metadata.keyspaces[self.keyspace]

    def refused(self, statement):
        expect(InvalidRequest, lambda: self.session.execute(statement))

    @contextlib.contextmanager
    def another_session(self):
        cluster = self._connect()
        try:
            yield cluster.connect(self.keyspace)
        finally:
            cluster.shutdown()

    def close(self):
        self.session.execute(f"DROP KEYSPACE {self.keyspace}", timeout=60)
        self.cluster.shutdown()


def connect(host, port, version, compression):
    profile = ExecutionProfile(
        load_balancing_policy=RoundRobinPolicy(), consistency_level=ConsistencyLevel.QUORUM, request_timeout=30)
    return Cluster([host], port=port, protocol_version=version, compression=compression or False,
                   execution_profiles={EXEC_PROFILE_DEFAULT: profile}, schema_event_refresh_window=0)


def main():
    host, port = sys.argv[1], int(sys.argv[2])
    voters, kind = int((sys.argv[3:] or ["1"])[0]), (sys.argv[4:] or ["cassandra"])[0]
    failed = 0
    for version, compression in COMBINATIONS:
        server = Server(host, port, voters, kind, version, compression)
        for check in CHECKS:
            name = f"v{version} {compression or 'plain'} {check.__name__}"
            try:
                check(server)
                print("ok", name, flush=True)
            except Exception:  # every failure is reported, and the next check runs
                failed += 1
                print(f"FAILED {name}\n{traceback.format_exc()}", flush=True)
        server.close()
    print(f"{failed} checks failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
