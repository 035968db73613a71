"""COPY of many rows: from a file into a table, and out again."""

import os


def many_rows(shell, keyspace, count):
    """Yields what is checked, what was printed, and what it must match."""
    table, source, target = f"{keyspace}.many", os.path.join(shell.directory, "in.csv"), os.path.join(shell.directory, "out.csv")
    rows = [f"{number // 100},{number % 100},\"row {number}, as 'text'\"\n" for number in range(count)]
    with open(source, "w") as file:
        file.writelines(rows)
    shell.run(f"CREATE TABLE {table} (k int, c int, v text, PRIMARY KEY (k, c))")
    yield "copies many rows in", shell.run(f"COPY {table} (k, c, v) FROM '{source}'"), rf"^{count} rows imported from 1 files"
    yield "counts them", shell.run(f"SELECT count(*) FROM {table}"), rf"^ *{count}$"
    yield "copies many rows out", shell.run(f"COPY {table} (k, c, v) TO '{target}'"), rf"^{count} rows exported to 1 files"
    with open(target) as file:
        same = sorted(file.readlines()) == sorted(rows)
    yield "both files have the same rows", str(same), "^True$"
