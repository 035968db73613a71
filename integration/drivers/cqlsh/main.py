"""Feeds cqlsh from PyPI with scripts against HOST PORT [VOTERS [KIND]] and looks at what it prints.

One line is printed per check; the exit status is 1 if any failed. QUORATE_COPY_ROWS sets how many rows are copied in and
out (default 1000).
"""

import os
import re
import subprocess
import sys
import tempfile

import copies
import terminal
from checks import CHECKS, COMPLETIONS, NOTHING


class Shell:
    """How cqlsh is started, and where it finds its files."""

    def __init__(self, host, port, version, directory):
        self.host, self.directory = host, directory
        program = os.path.join(os.path.dirname(sys.executable), "cqlsh")
        self.command = [sys.executable, program, host, port, "--protocol-version", str(version), "--no-color",
                        "--request-timeout", "60", "--connect-timeout", "20"]
        # Warnings of the packages that cqlsh imports are not its own.
        self.environment = {**os.environ, "CQL_HISTORY": os.path.join(directory, "history"), "HOME": directory,
                            "PYTHONWARNINGS": "ignore", "TERM": "dumb", "COLUMNS": "200"}

    def run(self, statements):
        """All that is printed."""
        run = subprocess.run([*self.command, "-e", statements], capture_output=True, text=True, env=self.environment,
                             timeout=600)
        printed = run.stdout + run.stderr
        # The versions of cqlsh and of the server need not be the same.
        return re.sub(r"^WARNING: cqlsh was built against .*\n", "", printed, flags=re.MULTILINE)


def main():
    host, port = sys.argv[1:3]
    failed = 0
    with tempfile.TemporaryDirectory() as directory:
        for version in (4, 5):
            for what, printed, expected in run_all(Shell(host, port, version, directory), port, version):
                if re.search(expected, printed, re.MULTILINE):
                    print(f"ok v{version} {what}", flush=True)
                else:
                    failed += 1
                    print(f"FAILED v{version} {what}: printed {printed!r}", flush=True)
    print(f"{failed} checks failed")
    return 1 if failed else 0


def run_all(shell, port, version):
    """Of each check: what it is, what was printed, what it must match."""
    keyspace = f"cqlsh_v{version}"
    names = {"host": re.escape(shell.host), "port": port, "version": version, "keyspace": keyspace, "dir": shell.directory}
    with open(os.path.join(shell.directory, "statements.cql"), "w") as file:
        file.write(f"INSERT INTO {keyspace}.t (id, value) VALUES (40, 'sourced');\nSELECT value FROM {keyspace}.t WHERE id = 40;\n")
    shell.run(f"DROP KEYSPACE IF EXISTS {keyspace}")
    for what, typed, expected in CHECKS:
        yield what, shell.run(typed.format(**names)), expected.format(**names)
    for what, keys, expected in COMPLETIONS:
        yield what, terminal.typed(shell, keys.format(**names)), expected.format(**names)
    yield from copies.many_rows(shell, keyspace, int(os.environ.get("QUORATE_COPY_ROWS", "1000")))
    yield "drops the keyspace", shell.run(f"DROP KEYSPACE {keyspace}"), NOTHING


if __name__ == "__main__":
    sys.exit(main())
