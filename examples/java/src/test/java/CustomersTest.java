import static org.junit.jupiter.api.Assertions.assertEquals;

import com.datastax.oss.driver.api.core.CqlSession;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A test against a server in memory. */
final class CustomersTest {
  private static Process server;
  private static CqlSession session;

  @BeforeAll
  static void start() throws IOException {
    String program = System.getenv().getOrDefault("QUORATE", "quorate");
    server = new ProcessBuilder(program, "serve", "--in-memory", "--port", "0", "--print-address")
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
    String line = new BufferedReader(new InputStreamReader(server.getInputStream())).readLine();
    int colon = line.lastIndexOf(':');
    InetSocketAddress address =
        new InetSocketAddress(line.substring(0, colon), Integer.parseInt(line.substring(colon + 1)));
    session = CqlSession.builder().addContactPoint(address).withLocalDatacenter("datacenter1").build();
  }

  @AfterAll
  static void stop() {
    if (session != null) {
      session.close();
    }
    server.destroy();
  }

  @Test
  void aCustomerIsFound() {
    session.execute("CREATE KEYSPACE shop WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}");
    session.execute("CREATE TABLE shop.customers (id int PRIMARY KEY, name text)");
    var insert = session.prepare("INSERT INTO shop.customers (id, name) VALUES (?, ?)");
    session.execute(insert.bind(1, "Ann"));
    var row = session.execute("SELECT name FROM shop.customers WHERE id = 1").one();
    assertEquals("Ann", row.getString("name"));
  }
}
