"""What a client of the Python driver relies on. Each check gets a session whose keyspace is its own."""

import datetime
import decimal
import ipaddress
import time
import uuid

from cassandra import AlreadyExists, ConsistencyLevel, InvalidRequest, Unavailable
from cassandra.concurrent import execute_concurrent_with_args
from cassandra.policies import FallthroughRetryPolicy
from cassandra.protocol import SyntaxException
from cassandra.query import UNSET_VALUE, BatchStatement, BatchType, SimpleStatement
from cassandra.util import Date, Duration, Time

CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


@check
def connects_with_the_version_asked_for(server):
    assert server.cluster.protocol_version == server.version
    assert server.cluster.metadata.all_hosts()
    assert server.session.execute("SELECT release_version FROM system.local").one().release_version


@check
def system_tables_answer_any_select(server):
    local = server.session.execute("SELECT key, cluster_name AS name, count(*) FROM system.local WHERE key = 'local'").one()
    assert local.key == "local" and local.name
    assert server.session.execute("SELECT count(*) FROM system.peers").one()[0] >= 0
    assert server.session.execute("SELECT toTimestamp(now()) FROM system.local").one()[0].year >= 2020


@check
def schema_is_in_the_metadata(server):
    server.session.execute("CREATE TABLE plain (k int, c text, v text, PRIMARY KEY (k, c)) WITH CLUSTERING ORDER BY (c DESC)")
    table = server.metadata().tables["plain"]
    assert [column.name for column in table.primary_key] == ["k", "c"]
    assert "CLUSTERING ORDER BY (c DESC)" in table.export_as_string()


@check
def simple_statements_take_parameters(server):
    server.session.execute("INSERT INTO plain (k, c, v) VALUES (%s, %s, %s)", (1, "a", "it's"))
    assert server.session.execute("SELECT v FROM plain WHERE k = %s AND c = %s", (1, "a")).one().v == "it's"
    assert server.session.execute("SELECT v FROM plain WHERE k = %(k)s", {"k": 1}).one().v == "it's"
    assert server.session.execute("SELECT v FROM plain WHERE k = 404").one() is None


@check
def prepared_statements_bind_by_position_and_name(server):
    insert = server.session.prepare("INSERT INTO plain (k, c, v) VALUES (?, ?, ?)")
    select = server.session.prepare("SELECT c, v FROM plain WHERE k = :key AND c = :c")
    server.session.execute(insert, (2, "b", "two"))
    assert server.session.execute(select, {"key": 2, "c": "b"}).one() == ("b", "two")
    if server.version >= 4:
        server.session.execute(insert, (2, "b", UNSET_VALUE))
        assert server.session.execute(select, (2, "b")).one().v == "two"
    server.session.execute(insert, (2, "b", None))
    assert server.session.execute(select, (2, "b")).one().v is None


@check
def a_prepared_statement_survives_a_change_of_its_table(server):
    server.session.execute("CREATE TABLE changing (k int PRIMARY KEY, v int)")
    server.session.execute("INSERT INTO changing (k, v) VALUES (1, 1)")
    select = server.session.prepare("SELECT * FROM changing WHERE k = ?")
    assert server.session.execute(select, (1,)).one() == (1, 1)
    server.session.execute("ALTER TABLE changing ADD w int")
    server.session.execute("INSERT INTO changing (k, v, w) VALUES (1, 1, 2)")
    row = server.session.execute(select, (1,)).one()
    # Before version 5 a driver keeps the columns it learned when it prepared.
    assert row == ((1, 1, 2) if server.version >= 5 else row)


@check
def batches_write_together(server):
    insert = server.session.prepare("INSERT INTO plain (k, c, v) VALUES (?, ?, ?)")
    for kind in (BatchType.LOGGED, BatchType.UNLOGGED):
        batch = BatchStatement(batch_type=kind, consistency_level=ConsistencyLevel.QUORUM)
        batch.add(insert, (3, "bound", str(kind)))
        batch.add(SimpleStatement("INSERT INTO plain (k, c, v) VALUES (%s, %s, %s)"), (4, "simple", str(kind)))
        batch.add(SimpleStatement("DELETE FROM plain WHERE k = 3 AND c = 'absent'"))
        server.session.execute(batch)
        rows = server.session.execute("SELECT v FROM plain WHERE k IN (3, 4)")
        assert [row.v for row in rows] == [str(kind)] * 2
    server.session.execute("BEGIN BATCH INSERT INTO plain (k, c, v) VALUES (5, 'x', 'text'); APPLY BATCH")
    assert server.session.execute("SELECT v FROM plain WHERE k = 5").one().v == "text"
    server.session.execute(BatchStatement())


@check
def timestamps_and_ttl_are_kept(server):
    server.session.execute("INSERT INTO plain (k, c, v) VALUES (6, 'a', 'later') USING TIMESTAMP 2000000 AND TTL 1000")
    server.session.execute("INSERT INTO plain (k, c, v) VALUES (6, 'a', 'earlier') USING TIMESTAMP 1000000")
    row = server.session.execute("SELECT v, WRITETIME(v) AS stamp, TTL(v) AS ttl FROM plain WHERE k = 6").one()
    assert row.v == "later" and row.stamp == 2000000 and 0 < row.ttl <= 1000, row


@check
def functions_of_now_are_one_value_everywhere(server):
    server.session.execute("CREATE TABLE moments (k int PRIMARY KEY, id timeuuid, at timestamp)")
    server.session.execute("INSERT INTO moments (k, id, at) VALUES (1, now(), toTimestamp(now()))")
    bound = server.session.prepare("INSERT INTO moments (k, id) VALUES (?, now())")
    server.session.execute(bound, (2,))
    every = SimpleStatement("SELECT * FROM moments", consistency_level=ConsistencyLevel.ALL)
    rows = list(server.session.execute(every))
    assert len(rows) == 2 and all(row.id.version == 1 for row in rows)
    age = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None) - next(row.at for row in rows if row.k == 1)
    assert abs(age.total_seconds()) < 60


@check
def pages_hold_every_row_once(server):
    insert = server.session.prepare("INSERT INTO plain (k, c, v) VALUES (?, ?, ?)")
    names = [f"{number:03}" for number in range(100)]
    execute_concurrent_with_args(server.session, insert, [(7, name, name) for name in names])
    one_partition = SimpleStatement("SELECT c FROM plain WHERE k = 7", fetch_size=7)
    assert [row.c for row in server.session.execute(one_partition)] == names[::-1]
    whole_table = SimpleStatement("SELECT k, c FROM plain", fetch_size=9)
    rows = list(server.session.execute(whole_table))
    assert len(rows) == len(set(rows)) and len([row for row in rows if row.k == 7]) == 100


@check
def a_page_is_resumed_from_its_state(server):
    statement = SimpleStatement("SELECT c FROM plain WHERE k = 7", fetch_size=30)
    first = server.session.execute(statement)
    seen = list(first.current_rows)
    assert len(seen) == 30 and first.paging_state
    rest = server.session.execute(statement, paging_state=first.paging_state)
    assert len(seen) + len(list(rest)) == 100


NATIVES = {
    "ascii": "plain", "bigint": -2**63, "blob": b"\x00\xff", "boolean": True, "date": Date("1969-12-31"),
    "decimal": decimal.Decimal("-1.230E+5"), "double": 1e300, "duration": Duration(1, 2, 3),
    "float": 0.5, "inet": "::1", "int": -1, "smallint": -32768, "text": "żółw 🐢", "time": Time("23:59:59.999999999"),
    "timestamp": datetime.datetime(1960, 2, 29, 1, 2, 3, 4000), "timeuuid": uuid.UUID("d2177dd0-eaa2-11de-a572-001b779c76e3"),
    "tinyint": -128, "uuid": uuid.UUID(int=7), "varchar": "", "varint": -2**200,
}


@check
def every_native_type_makes_the_round_trip(server):
    columns = ", ".join(f"c_{kind} {kind}" for kind in NATIVES)
    server.session.execute(f"CREATE TABLE natives (k int PRIMARY KEY, {columns})")
    names = [f"c_{kind}" for kind in NATIVES]
    marks = ", ".join("?" * (len(names) + 1))
    insert = server.session.prepare(f"INSERT INTO natives (k, {', '.join(names)}) VALUES ({marks})")
    server.session.execute(insert, [1, *NATIVES.values()])
    server.session.execute(insert, [2, *([None] * len(names))])
    row = server.session.execute("SELECT * FROM natives WHERE k = 1").one()
    for kind, value in NATIVES.items():
        assert getattr(row, f"c_{kind}") == value, (kind, getattr(row, f"c_{kind}"))
    empty = server.session.execute("SELECT * FROM natives WHERE k = 2").one()
    assert all(getattr(empty, name) is None for name in names)


@check
def collections_tuples_vectors_and_user_types_nest(server):
    server.session.execute("CREATE TYPE address (street text, numbers frozen<list<int>>)")
    server.session.execute(
        "CREATE TABLE nested (k int PRIMARY KEY, l list<int>, s set<text>, m map<text, frozen<list<int>>>, "
        "t tuple<int, text, frozen<set<int>>>, u frozen<address>, free address, us map<text, frozen<address>>, "
        "e vector<float, 3>, words vector<text, 2>)")
    insert = server.session.prepare(
        "INSERT INTO nested (k, l, s, m, t, u, free, us, e, words) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
    server.session.execute(insert, (
        1, [3, 1, 2], {"b", "a"}, {"x": [1, 2]}, (1, None, {5}), ("Road", [1, 2]), ("Lane", None), {"home": ("Way", [])},
        [0.5, -1.0, 2.0], ["one", "two"]))
    row = server.session.execute("SELECT * FROM nested WHERE k = 1").one()
    assert list(row.l) == [3, 1, 2] and set(row.s) == {"a", "b"} and list(row.m["x"]) == [1, 2]
    assert row.t[0] == 1 and row.t[1] is None and set(row.t[2]) == {5}
    assert row.u.street == "Road" and list(row.u.numbers) == [1, 2]
    assert row.free.street == "Lane" and row.free.numbers is None and row.us["home"].street == "Way"
    assert list(row.e) == [0.5, -1.0, 2.0] and list(row.words) == ["one", "two"]
    server.session.execute(
        "INSERT INTO nested (k, l, s, m, t, u, e) VALUES (2, [1], {'q'}, {'y': [9]}, (1, 'b', {2}), "
        "{street: 'Hill', numbers: [4]}, [1, 2, 3])")
    literal = server.session.execute("SELECT s, u, e FROM nested WHERE k = 2").one()
    assert set(literal.s) == {"q"} and literal.u.street == "Hill" and list(literal.e) == [1.0, 2.0, 3.0]


@check
def elements_of_collections_change_alone(server):
    server.session.execute("UPDATE nested SET s = s + {'c'}, m['z'] = [7], free.street = 'Avenue' WHERE k = 1")
    server.session.execute("DELETE m['x'] FROM nested WHERE k = 1")
    row = server.session.execute("SELECT s, m, free FROM nested WHERE k = 1").one()
    assert set(row.s) == {"a", "b", "c"} and list(row.m) == ["z"] and row.free.street == "Avenue"
    if server.voters == 1:
        server.session.execute("UPDATE nested SET l = l + [4] WHERE k = 1")
        assert list(server.session.execute("SELECT l FROM nested WHERE k = 1").one().l) == [3, 1, 2, 4]
    else:
        server.refused("UPDATE nested SET l = l + [4] WHERE k = 1")


@check
def registered_user_types_become_classes(server):
    class Address:
        def __init__(self, street, numbers):
            self.street, self.numbers = street, numbers

    server.metadata()
    server.cluster.register_user_type(server.keyspace, "address", Address)
    value = server.session.execute("SELECT u FROM nested WHERE k = 1").one().u
    assert isinstance(value, Address) and value.street == "Road"


@check
def counters_count(server):
    server.session.execute("CREATE TABLE counters (k int PRIMARY KEY, n counter)")
    for _ in range(3):
        server.session.execute("UPDATE counters SET n = n + 2 WHERE k = 1", timeout=20)
    server.session.execute("UPDATE counters SET n = n - 1 WHERE k = 1")
    assert server.session.execute("SELECT n FROM counters WHERE k = 1").one().n == 5


@check
def conditions_decide_or_are_refused(server):
    insert = "INSERT INTO plain (k, c, v) VALUES (8, 'a', 'first') IF NOT EXISTS"
    if server.voters > 1:
        return server.refused(insert)
    assert server.session.execute(insert).one().applied
    again = server.session.execute(insert).one()
    assert not again.applied and again.v == "first"
    serial = SimpleStatement("SELECT v FROM plain WHERE k = 8", consistency_level=ConsistencyLevel.SERIAL)
    assert server.session.execute(serial).one().v == "first"


@check
def errors_are_those_of_cassandra(server):
    expect(InvalidRequest, lambda: server.session.execute("SELECT * FROM absent"))
    expect(InvalidRequest, lambda: server.session.execute("INSERT INTO plain (k, c) VALUES ('text', 'a')"))
    expect(InvalidRequest, lambda: server.session.prepare("SELECT absent FROM plain"))
    expect(SyntaxException, lambda: server.session.execute("SELEC * FROM plain"))
    exists = expect(AlreadyExists, lambda: server.session.execute("CREATE TABLE plain (k int PRIMARY KEY)"))
    assert (exists.keyspace, exists.table) == (server.keyspace, "plain")
    expect(AlreadyExists, lambda: server.session.execute(
        f"CREATE KEYSPACE {server.keyspace} WITH replication = {{'class': 'SimpleStrategy', 'replication_factor': 1}}"))
    expect(InvalidRequest, lambda: server.session.execute("USE absent_keyspace"))
    server.session.execute("CREATE TABLE IF NOT EXISTS plain (k int PRIMARY KEY)")


@check
def levels_that_cannot_be_met_are_unavailable(server):
    def insert(level):
        text = "INSERT INTO plain (k, c, v) VALUES (9, 'a', 'b')"
        statement = SimpleStatement(text, consistency_level=level, retry_policy=FallthroughRetryPolicy())
        return lambda: server.session.execute(statement)

    for level in (ConsistencyLevel.ONE, ConsistencyLevel.QUORUM, ConsistencyLevel.ALL, ConsistencyLevel.LOCAL_QUORUM):
        insert(level)()
    if server.voters == 1:
        error = expect(Unavailable, insert(ConsistencyLevel.THREE))
        assert (error.required_replicas, error.alive_replicas) == (3, 1), error
    else:
        insert(ConsistencyLevel.THREE)()


@check
def describe_is_answered(server):
    rows = list(server.session.execute(f"DESCRIBE TABLE {server.keyspace}.plain"))
    assert len(rows) == 1 and rows[0].create_statement.startswith(f"CREATE TABLE {server.keyspace}.plain")
    kinds = {row.type for row in server.session.execute(f"DESCRIBE KEYSPACE {server.keyspace}")}
    assert {"keyspace", "table", "type"} <= kinds
    assert any(row.keyspace_name == server.keyspace for row in server.session.execute("DESCRIBE KEYSPACES"))


@check
def traces_can_be_read(server):
    result = server.session.execute("SELECT * FROM plain WHERE k = 1", trace=True)
    trace = result.get_query_trace(max_wait_sec=20)
    assert trace.duration is not None and trace.events


@check
def warnings_and_custom_payloads_pass(server):
    if server.version < 4:
        return
    values = "; ".join(f"INSERT INTO plain (k, c, v) VALUES ({100 + number}, 'a', 'b')" for number in range(40))
    future = server.session.execute_async(f"BEGIN UNLOGGED BATCH {values}; APPLY BATCH")
    future.result()
    assert future.warnings and "batch" in future.warnings[0].lower(), future.warnings
    server.session.execute("SELECT * FROM plain WHERE k = 1", custom_payload={"key": b"value"})


@check
def schema_changes_reach_other_clients(server):
    with server.another_session() as other:
        server.session.execute("CREATE TABLE announced (k int PRIMARY KEY)")
        until("the new table is known", lambda: "announced" in other.cluster.metadata.keyspaces[server.keyspace].tables)
        server.session.execute("DROP TABLE announced")
        until("the dropped table is gone",
              lambda: "announced" not in other.cluster.metadata.keyspaces[server.keyspace].tables)


@check
def the_keyspace_of_a_session_can_change(server):
    server.session.set_keyspace("system")
    assert server.session.execute("SELECT key FROM local").one().key == "local"
    server.session.execute(f"USE {server.keyspace}")
    until("every connection uses it", lambda: server.session.keyspace == server.keyspace)
    assert server.session.execute("SELECT v FROM plain WHERE k = 1").one()


@check
def functions_and_aggregates_work(server):
    twice = "CREATE FUNCTION twice (n int) RETURNS NULL ON NULL INPUT RETURNS int LANGUAGE java AS 'return n * 2;'"
    if server.kind == "embedded":
        refusal = expect(InvalidRequest, lambda: server.session.execute(twice))
        assert "this server does not run functions written in Java" in str(refusal)
        return
    server.session.execute(twice)
    server.session.execute("CREATE FUNCTION plus (a int, b int) RETURNS NULL ON NULL INPUT RETURNS int LANGUAGE java AS 'return a + b;'")
    server.session.execute("CREATE AGGREGATE total (int) SFUNC plus STYPE int INITCOND 0")
    server.session.execute("CREATE TABLE summed (k int, c int, PRIMARY KEY (k, c))")
    for number in range(4):
        server.session.execute("INSERT INTO summed (k, c) VALUES (1, %s)", (number,))
    assert server.session.execute("SELECT twice(c) FROM summed WHERE k = 1 AND c = 1").one()[0] == 2
    assert server.session.execute("SELECT total(c) FROM summed WHERE k = 1").one()[0] == 6


@check
def groups_and_indexes_work(server):
    server.session.execute("CREATE TABLE numbers (k int, c int, v int, PRIMARY KEY (k, c))")
    server.session.execute("CREATE INDEX ON numbers (v)")
    for number in range(4):
        server.session.execute("INSERT INTO numbers (k, c, v) VALUES (1, %s, %s)", (number, number % 2))
    assert server.session.execute("SELECT max(c), avg(c) FROM numbers WHERE k = 1").one() == (3, 1)
    until("the index is built",
          lambda: sorted(row.c for row in server.session.execute("SELECT c FROM numbers WHERE v = 1")) == [1, 3])
    assert len(list(server.session.execute("SELECT c FROM numbers WHERE c > 1 ALLOW FILTERING"))) == 2


@check
def json_goes_in_and_out(server):
    server.session.execute("INSERT INTO plain JSON '{\"k\": 10, \"c\": \"j\", \"v\": \"son\"}'")
    assert server.session.execute("SELECT JSON v FROM plain WHERE k = 10").one()[0] == '{"v": "son"}'


@check
def thousands_of_requests_are_in_flight(server):
    insert = server.session.prepare("INSERT INTO plain (k, c, v) VALUES (?, 'many', ?)")
    select = server.session.prepare("SELECT v FROM plain WHERE k = ? AND c = 'many'")
    keys = range(1000, 3000)
    written = execute_concurrent_with_args(server.session, insert, [(key, str(key)) for key in keys], concurrency=1000)
    assert all(result.success for result in written)
    read = execute_concurrent_with_args(server.session, select, [(key,) for key in keys], concurrency=1000)
    assert [result.result_or_exc.one().v for result in read] == [str(key) for key in keys]


@check
def large_values_pass(server):
    value = "0123456789abcdef" * 65536
    server.session.execute("INSERT INTO plain (k, c, v) VALUES (%s, %s, %s)", (11, "large", value))
    assert server.session.execute("SELECT v FROM plain WHERE k = 11").one().v == value


@check
def truncate_empties_a_table(server):
    server.session.execute("TRUNCATE plain", timeout=60)
    assert server.session.execute("SELECT * FROM plain LIMIT 1").one() is None


def expect(kind, call):
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"{kind.__name__} was expected, and nothing was raised")


def until(what, condition, patience_s=15):
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not after {patience_s} s"
        time.sleep(0.05)
