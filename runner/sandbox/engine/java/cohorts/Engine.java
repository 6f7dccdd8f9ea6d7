package cohorts;

import cohorts.functions.TreasureDataFunctions;
import cohorts.tables.TablesConnectorFactory;
import com.google.inject.Module;
import io.airlift.configuration.ConfigurationAwareModule;
import io.airlift.discovery.server.EmbeddedDiscoveryModule;
import io.trino.server.testing.TestingTrinoServer;
import io.trino.spi.Plugin;
import io.trino.spi.connector.ConnectorFactory;
import java.io.IOException;
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
 * of a coordinator, which makes this process one of its workers), {@code workers} (that this is a coordinator of other
 * processes; its port must be given).
 */
public final class Engine {
  private Engine() {}

  public static void main(String[] arguments) {
    endWithInput();
    try {
      start(arguments);
    } catch (RuntimeException | Error exception) {
      exception.printStackTrace();
      Runtime.getRuntime().halt(1); // the thread that waits for the input would live on
    }
  }

  private static void start(String[] arguments) {
    Map<String, String> own = new HashMap<>();
    Map<String, String> properties = new HashMap<>(defaults());
    for (String argument : arguments) {
      String[] pair = argument.split("=", 2);
      (pair[0].contains(".") ? properties : own).put(pair[0], pair[1]);
    }
    TestingTrinoServer server = server(properties, own);
    server.installPlugin(new EnginePlugin());
    for (String catalog : own.getOrDefault("catalogs", "").split(",")) {
      if (!catalog.isEmpty()) {
        server.createCatalog(catalog, TablesConnectorFactory.NAME, Map.of("data", own.getOrDefault("data", "1000000000")));
      }
    }
    System.out.println("READY " + server.getBaseUrl());
  }

  /** Limits of one query, and what makes a small machine answer fast. */
  private static Map<String, String> defaults() {
    return Map.of(
        "query.max-memory", "16GB",
        "query.max-length", "20000000",
        "query.max-history", "50",
        "memory.heap-headroom-per-node", "256MB");
  }

  private static TestingTrinoServer server(Map<String, String> properties, Map<String, String> own) {
    TestingTrinoServer.Builder builder = TestingTrinoServer.builder().setEnvironment("cohorts");
    Module module = new SessionTime();
    if (own.containsKey("coordinator")) {
      builder.setCoordinator(false).setDiscoveryUri(URI.create(own.get("coordinator")));
    } else if (own.containsKey("workers")) {
      // workers announce themselves to their coordinator, which in tests has no service for that
      module = ConfigurationAwareModule.combine(module, new EmbeddedDiscoveryModule());
      properties.put("node-scheduler.include-coordinator", "false");
      builder.setDiscoveryUri(URI.create("http://127.0.0.1:" + properties.get("http-server.http.port")));
    }
    return builder.setProperties(properties).setAdditionalModule(module).build();
  }

  /** The process that started this one holds the other end: when it dies, however it dies, the engine goes too. */
  private static void endWithInput() {
    Thread watcher = new Thread(Engine::waitForEndOfInput, "end of input");
    watcher.start(); // not a daemon: it keeps the process alive
  }

  private static void waitForEndOfInput() {
    try {
      while (System.in.read() >= 0) {
        continue;
      }
    } catch (IOException exception) {
      System.err.println("the input cannot be read: " + exception.getMessage());
    }
    Runtime.getRuntime().halt(0); // an orderly end takes seconds, and nothing here outlives the process
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
