"""The article's listing, then the same statements as a lasting load that records every error and every pause.

usage: article.py HOST[,HOST...] PORT

Commands on standard input, one per line, each answered by one line:
    load NAME LEVEL   what is asked from now on belongs to the phase NAME and has this consistency level
    once LEVEL        one write and one read at this level: "ok", or the error
At the end of the input it prints one JSON object per phase and ends.
"""

import collections
import json
import sys
import threading
import time

from cassandra import ConsistencyLevel
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile
from cassandra.policies import FallthroughRetryPolicy, RoundRobinPolicy
from cassandra.query import SimpleStatement

WORKERS = 8
PAUSE_S = 0.02
VALUES = {1: "A", 2: "B", 3: "C", 4: "D", 5: "E", 6: "F"}


class Phase:
    def __init__(self, name, level):
        self.name, self.level = name, level
        self.started = time.monotonic()
        self.requests, self.longest_ms = 0, 0.0
        self.errors = []  # (milliseconds since the phase began, what)
        self.lock = threading.Lock()

    def record(self, began, error):
        ended = time.monotonic()
        with self.lock:
            self.requests += 1
            self.longest_ms = max(self.longest_ms, (ended - began) * 1000)
            if error and len(self.errors) < 100_000:
                self.errors.append((round((ended - self.started) * 1000), describe(error)))

    def summary(self):
        kinds = collections.Counter(kind for _, kind in self.errors)
        return {"phase": self.name, "requests": self.requests, "longest_ms": round(self.longest_ms, 1),
                "error_kinds": kinds, "errors": self.errors}


def main():
    hosts, port = sys.argv[1].split(","), int(sys.argv[2])
    # No retries by the driver: an error that the proxy gave must be seen.
    profile = ExecutionProfile(load_balancing_policy=RoundRobinPolicy(), retry_policy=FallthroughRetryPolicy(),
                               consistency_level=ConsistencyLevel.QUORUM, request_timeout=30)
    cluster = Cluster(hosts, port=port, execution_profiles={EXEC_PROFILE_DEFAULT: profile})
    session = cluster.connect()
    listing(session)
    print("ready", flush=True)

    phase = None
    workers = []
    for line in sys.stdin:
        command, *arguments = line.split()
        if command == "load":
            phase = Phase(*arguments)
            phases.append(phase)
            if not workers:
                workers = [threading.Thread(target=work, args=(session, seed), daemon=True) for seed in range(WORKERS)]
                for worker in workers:
                    worker.start()
            print("ok", flush=True)
        elif command == "once":
            error = attempt(session, 1, arguments[0], write=True) or attempt(session, 1, arguments[0], write=False)
            print(describe(error) if error else "ok", flush=True)
    finished.set()
    for worker in workers:
        worker.join()
    for phase in phases:
        print(json.dumps(phase.summary()), flush=True)
    cluster.shutdown()


phases = []
finished = threading.Event()


def listing(session):
    session.execute("CREATE KEYSPACE IF NOT EXISTS mykeyspace "
                    "WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}", timeout=60)
    session.set_keyspace("mykeyspace")
    session.execute("CREATE TABLE IF NOT EXISTS t (id int PRIMARY KEY, value text)", timeout=60)
    for key, value in VALUES.items():
        session.execute("INSERT INTO t (id, value) VALUES (%s, %s)", (key, value))
    for key, value in VALUES.items():
        found = session.execute("select value from t where id = %s", (key,)).one().value
        assert found == value, (key, found)


def work(session, seed):
    turn = seed
    while not finished.is_set():
        phase = phases[-1]
        began = time.monotonic()
        error = attempt(session, turn % 6 + 1, phase.level, write=turn % 3 == 0)
        # What happens to a request that is under way when a phase begins is that phase's doing, unless the level changed.
        ended_in = phases[-1]
        (ended_in if ended_in.level == phase.level else phase).record(began, error)
        turn += 1
        time.sleep(PAUSE_S)


def attempt(session, key, level, write):
    """Writes or reads one row; the error, if there was one. A wrong value is an error too."""
    level = getattr(ConsistencyLevel, level)
    try:
        if write:
            statement = SimpleStatement("INSERT INTO t (id, value) VALUES (%s, %s)", consistency_level=level)
            session.execute(statement, (key, VALUES[key]))
        else:
            statement = SimpleStatement("select value from t where id = %s", consistency_level=level)
            row = session.execute(statement, (key,)).one()
            if row is None or row.value != VALUES[key]:
                raise AssertionError(f"read {row} of key {key}")
    except Exception as error:  # every kind is counted
        return error
    return None


def describe(error):
    required, alive = getattr(error, "required_replicas", None), getattr(error, "alive_replicas", None)
    if required is not None:
        return f"Unavailable required={required} alive={alive}"
    return f"{type(error).__name__}: {str(error)[:200]}" if not hasattr(error, "consistency") else type(error).__name__


if __name__ == "__main__":
    main()
