"""Feeds cqlsh from PyPI with scripts against HOST PORT [VOTERS] and looks at what it prints.

One line is printed per check; the exit status is 1 if any failed.
"""

import os
import re
import subprocess
import sys
import tempfile

# (what holds, what is typed, what the output must match)
CHECKS = [
    ("shows the version", "SHOW VERSION", r"\[cqlsh 6\.\d.*\| Cassandra 5\..*\| CQL spec 3\.\d.*\| Native protocol v{version}\]"),
    ("shows the host", "SHOW HOST", r"Connected to .+ at {host}:{port}"),
    ("creates a keyspace", "CREATE KEYSPACE {keyspace} WITH replication = {{'class': 'SimpleStrategy', 'replication_factor': 1}}", r"^$"),
    ("creates a type", "CREATE TYPE {keyspace}.address (street text, numbers frozen<list<int>>)", r"^$"),
    ("creates a table", "CREATE TABLE {keyspace}.t (id int PRIMARY KEY, value text, s set<int>, m map<text, int>, home frozen<address>, e vector<float, 2>)", r"^$"),
    ("inserts", "INSERT INTO {keyspace}.t (id, value, s, m, home, e) VALUES (1, 'A', {{2, 1}}, {{'x': 1}}, {{street: 'Road', numbers: [1]}}, [0.5, 1])", r"^$"),
    ("selects", "SELECT id, value, s, m, home FROM {keyspace}.t", r"1 \|\s+A \|\s+\{{1, 2\}} \| \{{'x': 1\}} \| \{{street: 'Road', numbers: \[1\]\}}"),
    ("selects as JSON", "SELECT JSON id, value FROM {keyspace}.t", r'\{{"id": 1, "value": "A"\}}'),
    ("aggregates", "SELECT count(*) FROM {keyspace}.t", r"\(1 rows\)"),
    ("uses a keyspace", "USE {keyspace}; SELECT value FROM t WHERE id = 1", r"A"),
    ("runs a batch", "BEGIN BATCH INSERT INTO {keyspace}.t (id) VALUES (2); INSERT INTO {keyspace}.t (id) VALUES (3) APPLY BATCH", r"^$"),
    ("pages", "PAGING 1; SELECT id FROM {keyspace}.t", r"\(3 rows\)"),
    ("shows a row per line", "EXPAND ON; SELECT id, value FROM {keyspace}.t WHERE id = 1", r"@ Row 1"),
    ("sets the level", "CONSISTENCY QUORUM; SELECT value FROM {keyspace}.t WHERE id = 1", r"Consistency level set to QUORUM\.(.|\n)*A"),
    ("describes the keyspaces", "DESCRIBE KEYSPACES", r"\b{keyspace}\b"),
    ("describes a keyspace", "DESCRIBE KEYSPACE {keyspace}", r"CREATE KEYSPACE {keyspace}(.|\n)*CREATE TYPE {keyspace}\.address(.|\n)*CREATE TABLE {keyspace}\.t"),
    ("describes a table", "DESCRIBE TABLE {keyspace}.t", r"CREATE TABLE {keyspace}\.t \((.|\n)*e vector<float, 2>"),
    ("describes the cluster", "DESCRIBE CLUSTER", r"Partitioner: Murmur3Partitioner"),
    ("describes the schema", "DESCRIBE SCHEMA", r"CREATE KEYSPACE {keyspace}"),
    ("traces", "TRACING ON; SELECT value FROM {keyspace}.t WHERE id = 1", r"Tracing session: (.|\n)*Request complete"),
    ("copies out and in", "COPY {keyspace}.t (id, value) TO '{dir}/t.csv'; TRUNCATE {keyspace}.t; COPY {keyspace}.t (id, value) FROM '{dir}/t.csv'; SELECT value FROM {keyspace}.t WHERE id = 1", r"3 rows exported(.|\n)*3 rows imported(.|\n)*A"),
    ("reports a syntax error", "SELEC 1", r"SyntaxException: line 1:0 no viable alternative at input 'SELEC'"),
    ("reports an invalid request", "SELECT * FROM {keyspace}.absent", r"InvalidRequest: Error from server: code=2200.*(table absent does not exist|unconfigured table)"),
    ("reports what exists", "CREATE TABLE {keyspace}.t (id int PRIMARY KEY)", r"AlreadyExists: Table '{keyspace}\.t' already exists"),
    ("drops the keyspace", "DROP KEYSPACE {keyspace}", r"^$"),
]


def main():
    host, port = sys.argv[1:3]
    failed = 0
    with tempfile.TemporaryDirectory() as directory:
        for version in (4, 5):
            names = {"host": re.escape(host), "port": port, "version": version, "keyspace": f"cqlsh_v{version}", "dir": directory}
            cqlsh(host, port, version, directory, f"DROP KEYSPACE IF EXISTS {names['keyspace']}")
            for what, typed, expected in CHECKS:
                printed = cqlsh(host, port, version, directory, typed.format(**names))
                if re.search(expected.format(**names), printed, re.MULTILINE):
                    print(f"ok v{version} {what}", flush=True)
                else:
                    failed += 1
                    print(f"FAILED v{version} {what}: printed {printed!r}", flush=True)
    print(f"{failed} checks failed")
    return 1 if failed else 0


def cqlsh(host, port, version, directory, typed):
    program = os.path.join(os.path.dirname(sys.executable), "cqlsh")
    environment = {**os.environ, "CQL_HISTORY": os.path.join(directory, "history"), "HOME": directory}
    command = [sys.executable, program, host, port, "--protocol-version", str(version), "--no-color",
               "--request-timeout", "60", "--connect-timeout", "20", "-e", typed]
    # Warnings of the packages that cqlsh imports are not its own.
    environment["PYTHONWARNINGS"] = "ignore"
    run = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=180)
    return run.stdout + run.stderr


if __name__ == "__main__":
    sys.exit(main())
