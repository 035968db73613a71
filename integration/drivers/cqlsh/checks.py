"""What is typed, and what must be printed."""

NOTHING = r"\A\s*\Z"

# (what holds, what is typed, what the output must match)
CHECKS = [
    ("shows the version", "SHOW VERSION", r"\[cqlsh 6\.\d.*\| Cassandra 5\..*\| CQL spec 3\.\d.*\| Native protocol v{version}\]"),
    ("shows the host", "SHOW HOST", r"Connected to .+ at {host}:{port}"),
    ("creates a keyspace", "CREATE KEYSPACE {keyspace} WITH replication = {{'class': 'SimpleStrategy', 'replication_factor': 1}}", NOTHING),
    ("creates a type", "CREATE TYPE {keyspace}.address (street text, numbers frozen<list<int>>)", NOTHING),
    ("creates a table", "CREATE TABLE {keyspace}.t (id int PRIMARY KEY, value text, s set<int>, m map<text, int>, home frozen<address>, e vector<float, 2>)", NOTHING),
    ("inserts", "INSERT INTO {keyspace}.t (id, value, s, m, home, e) VALUES (1, 'A', {{2, 1}}, {{'x': 1}}, {{street: 'Road', numbers: [1]}}, [0.5, 1])", NOTHING),
    ("selects", "SELECT id, value, s, m, home FROM {keyspace}.t", r"1 \|\s+A \|\s+\{{1, 2\}} \| \{{'x': 1\}} \| \{{street: 'Road', numbers: \[1\]\}}"),
    ("selects as JSON", "SELECT JSON id, value FROM {keyspace}.t", r'\{{"id": 1, "value": "A"\}}'),
    ("aggregates", "SELECT count(*) FROM {keyspace}.t", r"\(1 rows\)"),
    ("uses a keyspace", "USE {keyspace}; SELECT value FROM t WHERE id = 1", r"A"),
    ("runs a batch", "BEGIN BATCH INSERT INTO {keyspace}.t (id) VALUES (2); INSERT INTO {keyspace}.t (id) VALUES (3) APPLY BATCH", NOTHING),
    ("pages", "PAGING 1; SELECT id FROM {keyspace}.t", r"\(3 rows\)"),
    ("shows a row per line", "EXPAND ON; SELECT id, value FROM {keyspace}.t WHERE id = 1", r"@ Row 1"),
    ("sets the level", "CONSISTENCY QUORUM; SELECT value FROM {keyspace}.t WHERE id = 1", r"Consistency level set to QUORUM\.(.|\n)*A"),
    ("describes the keyspaces", "DESCRIBE KEYSPACES", r"\b{keyspace}\b"),
    ("describes a keyspace", "DESCRIBE KEYSPACE {keyspace}", r"CREATE KEYSPACE {keyspace}(.|\n)*CREATE TYPE {keyspace}\.address(.|\n)*CREATE TABLE {keyspace}\.t"),
    ("describes a table", "DESCRIBE TABLE {keyspace}.t", r"CREATE TABLE {keyspace}\.t \((.|\n)*e vector<float, 2>"),
    ("creates an index", "CREATE INDEX by_value ON {keyspace}.t (value)", NOTHING),
    ("creates a view", "CREATE MATERIALIZED VIEW {keyspace}.v AS SELECT * FROM {keyspace}.t WHERE id IS NOT NULL AND value IS NOT NULL PRIMARY KEY (value, id)", r"\A\s*(Warnings :\n.*Materialized views are experimental.*)?\s*\Z"),
    ("describes the tables", "USE {keyspace}; DESCRIBE TABLES", r"^t\b"),
    ("describes all tables", "DESC TABLES", r"Keyspace {keyspace}\n-+\nt\b"),
    ("describes the types", "USE {keyspace}; DESCRIBE TYPES", r"^address"),
    ("describes a type", "DESCRIBE TYPE {keyspace}.address", r"CREATE TYPE {keyspace}\.address \(\n    street text,\n    numbers frozen<list<int>>\n\);"),
    ("describes the functions", "USE {keyspace}; DESCRIBE FUNCTIONS", NOTHING),
    ("describes the aggregates", "USE {keyspace}; DESCRIBE AGGREGATES", NOTHING),
    ("describes an index", "DESCRIBE INDEX {keyspace}.by_value", r"^CREATE INDEX by_value ON {keyspace}\.t \(value\);"),
    ("describes a view", "DESCRIBE MATERIALIZED VIEW {keyspace}.v", r"^CREATE MATERIALIZED VIEW {keyspace}\.v AS\n    SELECT \*\n    FROM {keyspace}\.t\n"),
    ("describes whatever has the name", "USE {keyspace}; DESCRIBE v", r"^CREATE MATERIALIZED VIEW {keyspace}\.v AS"),
    ("describes the current keyspace", "USE {keyspace}; DESCRIBE KEYSPACE", r"^CREATE KEYSPACE {keyspace} WITH"),
    ("says what it cannot describe", "DESCRIBE TABLE {keyspace}.absent", r"'absent' not found in keyspace '{keyspace}'"),
    ("describes the cluster", "DESCRIBE CLUSTER", r"Partitioner: Murmur3Partitioner"),
    ("describes the schema", "DESCRIBE SCHEMA", r"CREATE KEYSPACE {keyspace}"),
    ("describes the system's schema too", "DESCRIBE FULL SCHEMA", r"CREATE TABLE system\.peers_v2(.|\n)*CREATE KEYSPACE {keyspace}|CREATE KEYSPACE {keyspace}(.|\n)*CREATE TABLE system\.peers_v2"),
    ("traces", "TRACING ON; SELECT value FROM {keyspace}.t WHERE id = 1", r"Tracing session: (.|\n)*Request complete"),
    ("copies out and in", "COPY {keyspace}.t (id, value) TO '{dir}/t.csv'; TRUNCATE {keyspace}.t; COPY {keyspace}.t (id, value) FROM '{dir}/t.csv'; SELECT value FROM {keyspace}.t WHERE id = 1", r"3 rows exported(.|\n)*3 rows imported(.|\n)*A"),
    ("reads statements from a file", "SOURCE '{dir}/statements.cql'", r"^ *sourced$"),
    ("logs in again", "LOGIN cassandra 'cassandra'; SELECT value FROM {keyspace}.t WHERE id = 1", r"A"),
    ("writes to a file", "CAPTURE '{dir}/captured'; SELECT value FROM {keyspace}.t WHERE id = 1; CAPTURE OFF; SHOW HOST", r"Now capturing query output(.|\n)*Connected to"),
    ("reports a syntax error", "SELEC 1", r"SyntaxException: line 1:0 no viable alternative at input 'SELEC'"),
    ("reports an invalid request", "SELECT * FROM {keyspace}.absent", r"InvalidRequest: Error from server: code=2200.*(table absent does not exist|unconfigured table)"),
    ("reports what exists", "CREATE TABLE {keyspace}.t (id int PRIMARY KEY)", r"AlreadyExists: Table '{keyspace}\.t' already exists"),
]

# (what holds, the keys typed at the prompt, what the line must be then)
COMPLETIONS = [
    ("completes a word", "DESCR\t", r"^DESCRIBE "),
    ("completes a keyspace", "SELECT * FROM {keyspace}\t", r"^SELECT \* FROM {keyspace}\."),
    ("completes a table", "INSERT INTO {keyspace}.t\t", r"^INSERT INTO {keyspace}\.t "),
    ("completes the columns of an INSERT", "INSERT INTO {keyspace}.t (\t", r"^INSERT INTO {keyspace}\.t ?\(id"),
    ("completes the name of a type", "DESCRIBE TYPE {keyspace}.a\t", r"^DESCRIBE TYPE {keyspace}\.address"),
]
