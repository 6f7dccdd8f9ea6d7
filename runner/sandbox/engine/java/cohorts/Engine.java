package cohorts;

import cohorts.functions.TreasureDataFunctions;
import cohorts.tables.TablesConnectorFactory;
import io.trino.server.testing.TestingTrinoServer;
import io.trino.spi.Plugin;
import io.trino.spi.connector.ConnectorFactory;
import java.net.URI;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Trino 423 with tables in memory and Treasure Data's functions, until its standard input ends.
 *
 * <p>Arguments are {@code name=value}. Those with a dot are Trino's own properties. The others: {@code catalogs} (names,
 * separated by commas), {@code data} (bytes that the tables of one process may hold), {@code coordinator} (the address
 * of a coordinator, which makes this process one of its workers).
 */
public final class Engine {
  private Engine() {}

  public static void main(String[] arguments) throws Exception {
    Map<String, String> own = new HashMap<>();
    Map<String, String> properties = new HashMap<>(defaults());
    for (String argument : arguments) {
      String[] pair = argument.split("=", 2);
      (pair[0].contains(".") ? properties : own).put(pair[0], pair[1]);
    }
    TestingTrinoServer server = server(properties, own.get("coordinator"));
    server.installPlugin(new EnginePlugin());
    for (String catalog : own.getOrDefault("catalogs", "").split(",")) {
      if (!catalog.isEmpty()) {
        server.createCatalog(catalog, TablesConnectorFactory.NAME, Map.of("data", own.getOrDefault("data", "1000000000")));
      }
    }
    System.out.println("READY " + server.getBaseUrl());
    waitForEndOfInput();
    Runtime.getRuntime().halt(0); // an orderly end takes seconds, and nothing here outlives the process
  }

  /** Limits of one query, and what makes a small machine answer fast. */
  private static Map<String, String> defaults() {
    return Map.of(
        "query.max-memory", "16GB",
        "query.max-length", "20000000",
        "query.max-history", "50",
        "memory.heap-headroom-per-node", "256MB");
  }

  private static TestingTrinoServer server(Map<String, String> properties, String coordinator) {
    TestingTrinoServer.Builder builder =
        TestingTrinoServer.builder()
            .setEnvironment("cohorts")
            .setProperties(properties)
            .setAdditionalModule(new SessionTime());
    if (coordinator != null) {
      builder.setCoordinator(false).setDiscoveryUri(URI.create(coordinator));
    }
    return builder.build();
  }

  /** The process that started this one holds the other end: when it dies, however it dies, the engine goes too. */
  private static void waitForEndOfInput() throws Exception {
    while (System.in.read() >= 0) {
      continue;
    }
  }

  /** What this engine adds to Trino. */
  private static final class EnginePlugin implements Plugin {
    @Override
    public Iterable<ConnectorFactory> getConnectorFactories() {
      return List.of(new TablesConnectorFactory());
    }

    @Override
    public Set<Class<?>> getFunctions() {
      return TreasureDataFunctions.ALL;
    }
  }
}
