import com.datastax.oss.driver.api.core.AllNodesFailedException;
import com.datastax.oss.driver.api.core.CqlSession;
import com.datastax.oss.driver.api.core.DefaultConsistencyLevel;
import com.datastax.oss.driver.api.core.cql.AsyncResultSet;
import com.datastax.oss.driver.api.core.cql.BatchStatement;
import com.datastax.oss.driver.api.core.cql.BatchType;
import com.datastax.oss.driver.api.core.cql.ExecutionInfo;
import com.datastax.oss.driver.api.core.cql.PreparedStatement;
import com.datastax.oss.driver.api.core.cql.ResultSet;
import com.datastax.oss.driver.api.core.cql.Row;
import com.datastax.oss.driver.api.core.cql.SimpleStatement;
import com.datastax.oss.driver.api.core.data.CqlDuration;
import com.datastax.oss.driver.api.core.data.CqlVector;
import com.datastax.oss.driver.api.core.data.TupleValue;
import com.datastax.oss.driver.api.core.data.UdtValue;
import com.datastax.oss.driver.api.core.metadata.schema.TableMetadata;
import com.datastax.oss.driver.api.core.servererrors.AlreadyExistsException;
import com.datastax.oss.driver.api.core.servererrors.InvalidQueryException;
import com.datastax.oss.driver.api.core.servererrors.SyntaxError;
import com.datastax.oss.driver.api.core.servererrors.UnavailableException;
import com.datastax.oss.driver.api.core.type.TupleType;
import com.datastax.oss.driver.api.core.type.UserDefinedType;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletionStage;

/** What a client of the Java driver relies on; the checks run in order, in one keyspace. */
final class Checks {
  interface Check {
    void run() throws Exception;
  }

  private final CqlSession session;
  private final String keyspace;
  private final String version;
  private final int voters;

  Checks(CqlSession session, String keyspace, String version, int voters) {
    this.session = session;
    this.keyspace = keyspace;
    this.version = version;
    this.voters = voters;
  }

  Map<String, Check> all() {
    Map<String, Check> checks = new LinkedHashMap<>();
    checks.put("connects", this::connects);
    checks.put("schema", this::schema);
    checks.put("simple statements", this::simple);
    checks.put("prepared statements", this::prepared);
    checks.put("batches", this::batches);
    checks.put("paging", this::paging);
    checks.put("native types", this::natives);
    checks.put("nested types", this::nested);
    checks.put("errors", this::errors);
    checks.put("unavailable", this::unavailable);
    checks.put("conditions", this::conditions);
    checks.put("describe", this::describe);
    checks.put("tracing", this::tracing);
    checks.put("warnings and custom payload", this::payload);
    checks.put("schema events", this::schemaEvents);
    checks.put("thousands in flight", this::concurrency);
    return checks;
  }

  private void connects() {
    is(version, session.getContext().getProtocolVersion().toString());
    truth(!session.getMetadata().getNodes().isEmpty());
    truth(session.execute("SELECT count(*) FROM system.peers").one().getLong(0) >= 0);
  }

  private void schema() throws Exception {
    session.execute("CREATE TABLE plain (k int, c text, v text, PRIMARY KEY (k, c))");
    TableMetadata table = session.refreshSchema().getKeyspace(keyspace).get().getTable("plain").get();
    is(2, table.getPrimaryKey().size());
    truth(session.checkSchemaAgreement());
  }

  private void simple() {
    session.execute(SimpleStatement.newInstance("INSERT INTO plain (k, c, v) VALUES (?, ?, ?)", 1, "a", "it's"));
    is("it's", session.execute("SELECT v FROM plain WHERE k = 1").one().getString("v"));
    SimpleStatement named = SimpleStatement.newInstance("SELECT v FROM plain WHERE k = :k", Map.of("k", 1));
    is("it's", session.execute(named).one().getString("v"));
    if (version.equals("V5")) {
      SimpleStatement elsewhere = SimpleStatement.newInstance("SELECT key FROM local").setKeyspace("system");
      is("local", session.execute(elsewhere).one().getString(0));
      session.execute(SimpleStatement.newInstance("INSERT INTO plain (k, c, v) VALUES (1, 'ttl', 'x') USING TTL 10").setNowInSeconds(1));
      is(null, session.execute("SELECT v FROM plain WHERE k = 1 AND c = 'ttl'").one());
    }
  }

  private void prepared() {
    PreparedStatement insert = session.prepare("INSERT INTO plain (k, c, v) VALUES (?, ?, ?)");
    PreparedStatement select = session.prepare("SELECT v FROM plain WHERE k = :k AND c = :c");
    session.execute(insert.bind(2, "b", "two"));
    is("two", session.execute(select.bind().setInt("k", 2).setString("c", "b")).one().getString(0));
    if (!version.equals("V3")) {
      session.execute(insert.bind().setInt(0, 2).setString(1, "b"));
      is("two", session.execute(select.bind(2, "b")).one().getString(0));
    }
  }

  private void batches() {
    PreparedStatement insert = session.prepare("INSERT INTO plain (k, c, v) VALUES (?, ?, ?)");
    for (BatchType type : List.of(BatchType.LOGGED, BatchType.UNLOGGED)) {
      session.execute(BatchStatement.newInstance(type, insert.bind(3, "bound", type.toString()),
          SimpleStatement.newInstance("INSERT INTO plain (k, c, v) VALUES (4, 'simple', ?)", type.toString())));
      for (Row row : session.execute("SELECT v FROM plain WHERE k IN (3, 4)")) {
        is(type.toString(), row.getString("v"));
      }
    }
  }

  private void paging() {
    PreparedStatement insert = session.prepare("INSERT INTO plain (k, c, v) VALUES (7, ?, 'page')");
    for (int number = 0; number < 100; number++) {
      session.execute(insert.bind(String.format("%03d", number)));
    }
    SimpleStatement select = SimpleStatement.newInstance("SELECT c FROM plain WHERE k = 7").setPageSize(7);
    List<String> seen = new ArrayList<>();
    session.execute(select).forEach(row -> seen.add(row.getString(0)));
    is(100, seen.size());
    is(100, new HashSet<>(seen).size());
    ResultSet first = session.execute(select.setPageSize(30));
    ByteBuffer state = first.getExecutionInfo().getPagingState();
    is(70, session.execute(select.setPageSize(5000).setPagingState(state)).all().size());
  }

  private void natives() throws Exception {
    if (version.equals("V3")) { // there the driver takes date, time, smallint, tinyint and duration for custom types
      return;
    }
    session.execute("CREATE TABLE natives (k int PRIMARY KEY, a ascii, b bigint, bl blob, bo boolean, d date, de decimal, "
        + "dou double, du duration, f float, i inet, s smallint, t time, ts timestamp, tu timeuuid, ti tinyint, u uuid, vi varint)");
    Object[] values = {1, "plain", Long.MIN_VALUE, ByteBuffer.wrap(new byte[] {0, -1}), true, LocalDate.of(1969, 12, 31),
      new BigDecimal("-1.230E+5"), 1e300, CqlDuration.newInstance(1, 2, 3), 0.5f, InetAddress.getByName("::1"),
      Short.MIN_VALUE, LocalTime.MAX, Instant.ofEpochMilli(-1), UUID.fromString("d2177dd0-eaa2-11de-a572-001b779c76e3"),
      Byte.MIN_VALUE, new UUID(0, 7), BigInteger.TWO.pow(200).negate()};
    PreparedStatement insert = session.prepare("INSERT INTO natives (k, a, b, bl, bo, d, de, dou, du, f, i, s, t, ts, tu, ti, u, vi) "
        + "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    session.execute(insert.bind(values));
    Row row = session.execute("SELECT k, a, b, bl, bo, d, de, dou, du, f, i, s, t, ts, tu, ti, u, vi FROM natives").one();
    for (int index = 0; index < values.length; index++) {
      is(values[index], row.getObject(index));
    }
  }

  private void nested() {
    session.execute("CREATE TYPE address (street text, numbers frozen<list<int>>)");
    session.execute("CREATE TABLE nested (k int PRIMARY KEY, l list<int>, s set<text>, m map<text, frozen<list<int>>>, "
        + "t tuple<int, text>, u frozen<address>, e vector<float, 3>)");
    PreparedStatement insert = session.prepare("INSERT INTO nested (k, l, s, m, t, u, e) VALUES (1, ?, ?, ?, ?, ?, ?)");
    TupleValue tuple = ((TupleType) insert.getVariableDefinitions().get("t").getType()).newValue(1, null);
    UdtValue user = ((UserDefinedType) insert.getVariableDefinitions().get("u").getType()).newValue("Road", List.of(1, 2));
    session.execute(insert.bind(List.of(3, 1), Set.of("a"), Map.of("x", List.of(1, 2)), tuple, user, CqlVector.newInstance(0.5f, -1f, 2f)));
    Row row = session.execute("SELECT * FROM nested WHERE k = 1").one();
    is(List.of(3, 1), row.getObject("l"));
    is(Set.of("a"), row.getObject("s"));
    is(Map.of("x", List.of(1, 2)), row.getObject("m"));
    is(1, row.getTupleValue("t").getInt(0));
    is("Road", row.getUdtValue("u").getString("street"));
    is(CqlVector.newInstance(0.5f, -1f, 2f), row.getObject("e"));
  }

  private void errors() {
    fails(InvalidQueryException.class, "SELECT * FROM absent");
    fails(SyntaxError.class, "SELEC * FROM plain");
    fails(AlreadyExistsException.class, "CREATE TABLE plain (k int PRIMARY KEY)");
    fails(InvalidQueryException.class, "USE absent_keyspace");
  }

  private void unavailable() {
    SimpleStatement three = SimpleStatement.newInstance("INSERT INTO plain (k, c) VALUES (9, 'a')").setConsistencyLevel(DefaultConsistencyLevel.THREE);
    if (voters > 1) {
      session.execute(three);
      return;
    }
    try {
      session.execute(three);
      throw new AssertionError("THREE was met by one node");
    } catch (AllNodesFailedException error) { // the driver asked the next node too
      UnavailableException cause = (UnavailableException) error.getAllErrors().values().iterator().next().get(0);
      is(3, cause.getRequired());
      is(1, cause.getAlive());
    }
  }

  private void conditions() {
    String insert = "INSERT INTO plain (k, c, v) VALUES (8, 'a', 'first') IF NOT EXISTS";
    if (voters > 1) {
      fails(InvalidQueryException.class, insert);
      return;
    }
    truth(session.execute(insert).wasApplied());
    truth(!session.execute(insert).wasApplied());
  }

  private void describe() {
    Row row = session.execute("DESCRIBE TABLE " + keyspace + ".plain").one();
    truth(row.getString("create_statement").startsWith("CREATE TABLE " + keyspace + ".plain"));
    truth(session.refreshSchema().getKeyspace(keyspace).get().describeWithChildren(true).contains("plain"));
  }

  private void tracing() {
    ExecutionInfo info = session.execute(SimpleStatement.newInstance("SELECT * FROM plain WHERE k = 1").setTracing(true)).getExecutionInfo();
    truth(!info.getQueryTrace().getEvents().isEmpty());
  }

  private void payload() {
    if (version.equals("V3")) {
      return;
    }
    SimpleStatement select = SimpleStatement.newInstance("SELECT * FROM plain WHERE k = 1");
    session.execute(select.setCustomPayload(Map.of("key", ByteBuffer.wrap(new byte[] {1}))));
    StringBuilder batch = new StringBuilder("BEGIN UNLOGGED BATCH ");
    for (int number = 100; number < 140; number++) {
      batch.append("INSERT INTO plain (k, c) VALUES (").append(number).append(", 'a'); ");
    }
    truth(!session.execute(batch + "APPLY BATCH").getExecutionInfo().getWarnings().isEmpty());
  }

  private void schemaEvents() throws Exception {
    try (CqlSession other = Main.connect((java.net.InetSocketAddress) session.getMetadata().getNodes().values().iterator().next()
        .getEndPoint().resolve(), version, "none")) {
      session.execute("CREATE TABLE announced (k int PRIMARY KEY)");
      for (int attempt = 0; other.getMetadata().getKeyspace(keyspace).get().getTable("announced").isEmpty(); attempt++) {
        truth(attempt < 150);
        Thread.sleep(100);
      }
    }
  }

  private void concurrency() throws Exception {
    PreparedStatement insert = session.prepare("INSERT INTO plain (k, c, v) VALUES (?, 'many', ?)");
    PreparedStatement select = session.prepare("SELECT v FROM plain WHERE k = ? AND c = 'many'");
    List<CompletionStage<AsyncResultSet>> writes = new ArrayList<>();
    for (int key = 1000; key < 3000; key++) {
      writes.add(session.executeAsync(insert.bind(key, "v" + key)));
    }
    for (CompletionStage<AsyncResultSet> write : writes) {
      write.toCompletableFuture().get();
    }
    List<CompletionStage<AsyncResultSet>> reads = new ArrayList<>();
    for (int key = 1000; key < 3000; key++) {
      reads.add(session.executeAsync(select.bind(key)));
    }
    for (int index = 0; index < reads.size(); index++) {
      is("v" + (1000 + index), reads.get(index).toCompletableFuture().get().one().getString(0));
    }
  }

  private void fails(Class<? extends Exception> kind, String statement) {
    try {
      session.execute(statement);
    } catch (Exception error) {
      is(kind, error.getClass());
      return;
    }
    throw new AssertionError("no " + kind.getSimpleName() + " from " + statement);
  }

  private static void is(Object expected, Object actual) {
    if (!Objects.equals(expected, actual)) {
      throw new AssertionError("expected " + expected + ", got " + actual);
    }
  }

  private static void truth(boolean condition) {
    if (!condition) {
      throw new AssertionError("not so");
    }
  }
}
