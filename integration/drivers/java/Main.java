import com.datastax.oss.driver.api.core.CqlSession;
import com.datastax.oss.driver.api.core.config.DefaultDriverOption;
import com.datastax.oss.driver.api.core.config.DriverConfigLoader;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Map;

/**
 * Runs every check against HOST PORT for each protocol version and compression of the driver. A third argument is the
 * number of backends behind a proxy. Prints one line per check; the exit status is 1 if any failed.
 */
public final class Main {
  private static final String[][] COMBINATIONS = {
    {"V3", "none"}, {"V3", "lz4"}, {"V4", "none"}, {"V4", "lz4"}, {"V4", "snappy"}, {"V5", "none"}, {"V5", "lz4"},
  };

  public static void main(String[] arguments) {
    InetSocketAddress address = new InetSocketAddress(arguments[0], Integer.parseInt(arguments[1]));
    int voters = arguments.length > 2 ? Integer.parseInt(arguments[2]) : 1;
    int failed = 0;
    for (String[] combination : COMBINATIONS) {
      String keyspace = ("java_" + combination[0] + "_" + combination[1]).toLowerCase();
      try (CqlSession session = connect(address, combination[0], combination[1])) {
        session.execute("DROP KEYSPACE IF EXISTS " + keyspace);
        session.execute("CREATE KEYSPACE " + keyspace + " WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}");
        session.execute("USE " + keyspace);
        Checks checks = new Checks(session, keyspace, combination[0], voters);
        for (Map.Entry<String, Checks.Check> check : checks.all().entrySet()) {
          String name = combination[0] + " " + combination[1] + " " + check.getKey();
          try {
            check.getValue().run();
            System.out.println("ok " + name);
          } catch (Throwable error) { // assertion errors too: report, and go on with the next check
            failed++;
            System.out.println("FAILED " + name + ": " + error + " at " + where(error));
          }
        }
        session.execute("DROP KEYSPACE " + keyspace);
      }
    }
    System.out.println(failed + " checks failed");
    System.exit(failed == 0 ? 0 : 1);
  }

  static CqlSession connect(InetSocketAddress address, String version, String compression) {
    DriverConfigLoader config = DriverConfigLoader.programmaticBuilder()
        .withString(DefaultDriverOption.PROTOCOL_VERSION, version)
        .withString(DefaultDriverOption.PROTOCOL_COMPRESSION, compression)
        .withString(DefaultDriverOption.REQUEST_CONSISTENCY, "QUORUM")
        .withDuration(DefaultDriverOption.REQUEST_TIMEOUT, Duration.ofSeconds(30))
        .withDuration(DefaultDriverOption.CONNECTION_INIT_QUERY_TIMEOUT, Duration.ofSeconds(20))
        .withDuration(DefaultDriverOption.CONTROL_CONNECTION_TIMEOUT, Duration.ofSeconds(20))
        .withDuration(DefaultDriverOption.METADATA_SCHEMA_WINDOW, Duration.ofMillis(50))
        .withInt(DefaultDriverOption.CONNECTION_MAX_REQUESTS, 8192)
        .build();
    return CqlSession.builder().addContactPoint(address).withLocalDatacenter(datacenter(address)).withConfigLoader(config).build();
  }

  /** The server's datacenter, which the driver wants to be told. */
  private static String datacenter(InetSocketAddress address) {
    DriverConfigLoader config = DriverConfigLoader.programmaticBuilder()
        .withString(DefaultDriverOption.LOAD_BALANCING_POLICY_CLASS, "BasicLoadBalancingPolicy")
        .build();
    try (CqlSession session = CqlSession.builder().addContactPoint(address).withConfigLoader(config).build()) {
      return session.execute("SELECT data_center FROM system.local").one().getString(0);
    }
  }

  private static String where(Throwable error) {
    for (StackTraceElement frame : error.getStackTrace()) {
      if (frame.getClassName().startsWith("Checks")) {
        return frame.toString();
      }
    }
    return "?";
  }
}
