package cohorts.tables;

import io.trino.spi.connector.Connector;
import io.trino.spi.connector.ConnectorContext;
import io.trino.spi.connector.ConnectorFactory;
import java.util.Map;

/** Makes a catalog of tables in memory; `data` says how many bytes they may hold. */
public final class TablesConnectorFactory implements ConnectorFactory {
  public static final String NAME = "cohorts";

  @Override
  public String getName() {
    return NAME;
  }

  @Override
  public Connector create(String catalog, Map<String, String> config, ConnectorContext context) {
    PageStore store = new PageStore(Long.parseLong(config.get("data")));
    return new TablesConnector(store, context.getNodeManager(), context.getTypeManager());
  }
}
