package cohorts.tables;

import cohorts.tables.Handles.Deleting;
import cohorts.tables.Handles.Split;
import cohorts.tables.Handles.TableHandle;
import cohorts.tables.Handles.Transaction;
import cohorts.tables.Handles.Writing;
import io.trino.spi.HostAddress;
import io.trino.spi.NodeManager;
import io.trino.spi.connector.ColumnHandle;
import io.trino.spi.connector.Connector;
import io.trino.spi.connector.ConnectorInsertTableHandle;
import io.trino.spi.connector.ConnectorMergeSink;
import io.trino.spi.connector.ConnectorMergeTableHandle;
import io.trino.spi.connector.ConnectorMetadata;
import io.trino.spi.connector.ConnectorOutputTableHandle;
import io.trino.spi.connector.ConnectorPageSink;
import io.trino.spi.connector.ConnectorPageSinkId;
import io.trino.spi.connector.ConnectorPageSinkProvider;
import io.trino.spi.connector.ConnectorPageSource;
import io.trino.spi.connector.ConnectorPageSourceProvider;
import io.trino.spi.connector.ConnectorSession;
import io.trino.spi.connector.ConnectorSplit;
import io.trino.spi.connector.ConnectorSplitManager;
import io.trino.spi.connector.ConnectorSplitSource;
import io.trino.spi.connector.ConnectorTableHandle;
import io.trino.spi.connector.ConnectorTransactionHandle;
import io.trino.spi.connector.Constraint;
import io.trino.spi.connector.DynamicFilter;
import io.trino.spi.connector.FixedSplitSource;
import io.trino.spi.connector.SystemTable;
import io.trino.spi.procedure.Procedure;
import io.trino.spi.transaction.IsolationLevel;
import io.trino.spi.type.TypeManager;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** A catalog of tables in memory. */
final class TablesConnector implements Connector {
  private static final int SPLITS_PER_NODE = 4;
  private static final long ROWS_PER_SPLIT = 10_000;

  private final PageStore store;
  private final Tables tables;
  private final NodeManager nodes;
  private final TypeManager types;

  TablesConnector(PageStore store, NodeManager nodes, TypeManager types) {
    this.store = store;
    this.tables = new Tables(store);
    this.nodes = nodes;
    this.types = types;
  }

  @Override
  public ConnectorTransactionHandle beginTransaction(IsolationLevel level, boolean readOnly, boolean autoCommit) {
    return new Transaction(UUID.randomUUID().toString());
  }

  @Override
  public ConnectorMetadata getMetadata(ConnectorSession session, ConnectorTransactionHandle transaction) {
    return new TablesMetadata(tables, ((Transaction) transaction).id(), nodes);
  }

  @Override
  public boolean isSingleStatementWritesOnly() {
    return true;
  }

  @Override
  public void commit(ConnectorTransactionHandle transaction) {
    tables.end(((Transaction) transaction).id(), false);
  }

  @Override
  public void rollback(ConnectorTransactionHandle transaction) {
    tables.end(((Transaction) transaction).id(), true);
  }

  @Override
  public Set<Procedure> getProcedures() {
    return Set.of(new Loading(tables, store, types, node()).procedure());
  }

  @Override
  public Set<SystemTable> getSystemTables() {
    return Set.of(new Listing(tables));
  }

  private HostAddress node() {
    return nodes.getCurrentNode().getHostAndPort();
  }

  @Override
  public ConnectorSplitManager getSplitManager() {
    return new ConnectorSplitManager() {
      @Override
      public ConnectorSplitSource getSplits(
          ConnectorTransactionHandle transaction,
          ConnectorSession session,
          ConnectorTableHandle handle,
          DynamicFilter filter,
          Constraint constraint) {
        return new FixedSplitSource(splits(tables.get(handle)));
      }
    };
  }

  /** Some for each node that holds rows, each with its share of the pages; one for a small table. */
  private static List<ConnectorSplit> splits(Table table) {
    Map<String, List<Part>> byNode =
        table.parts().stream()
            .filter(part -> part.rows() > 0)
            .collect(Collectors.groupingBy(part -> part.node().toString(), TreeMap::new, Collectors.toList()));
    List<ConnectorSplit> splits = new ArrayList<>();
    for (List<Part> parts : byNode.values()) {
      long rows = parts.stream().mapToLong(Part::rows).sum();
      int count = (int) Math.min(SPLITS_PER_NODE, 1 + rows / ROWS_PER_SPLIT);
      List<Long> writes = parts.stream().map(Part::write).distinct().toList();
      for (int part = 0; part < count; part++) {
        splits.add(new Split(parts.get(0).node(), writes, part, count));
      }
    }
    return splits;
  }

  @Override
  public ConnectorPageSourceProvider getPageSourceProvider() {
    return this::source;
  }

  private ConnectorPageSource source(
      ConnectorTransactionHandle transaction,
      ConnectorSession session,
      ConnectorSplit given,
      ConnectorTableHandle table,
      List<ColumnHandle> columns,
      DynamicFilter filter) {
    Split split = (Split) given;
    List<PageStore.Stored> all = store.read(((TableHandle) table).id(), split.writes());
    List<PageStore.Stored> mine =
        IntStream.range(0, all.size())
            .filter(index -> index % split.parts() == split.part())
            .mapToObj(all::get)
            .toList();
    return new TableSource(mine, columns.stream().map(Column.class::cast).toList());
  }

  @Override
  public ConnectorPageSinkProvider getPageSinkProvider() {
    return new ConnectorPageSinkProvider() {
      @Override
      public ConnectorPageSink createPageSink(
          ConnectorTransactionHandle transaction,
          ConnectorSession session,
          ConnectorOutputTableHandle handle,
          ConnectorPageSinkId id) {
        return sink((Writing) handle, session);
      }

      @Override
      public ConnectorPageSink createPageSink(
          ConnectorTransactionHandle transaction,
          ConnectorSession session,
          ConnectorInsertTableHandle handle,
          ConnectorPageSinkId id) {
        return sink((Writing) handle, session);
      }

      @Override
      public ConnectorMergeSink createMergeSink(
          ConnectorTransactionHandle transaction,
          ConnectorSession session,
          ConnectorMergeTableHandle handle,
          ConnectorPageSinkId id) {
        return new DeleteSink(tables.get(((Deleting) handle).table()).columns().size());
      }
    };
  }

  private ConnectorPageSink sink(Writing writing, ConnectorSession session) {
    store.keep(writing.live(), writing.table());
    return new WriteSink(store, node(), writing, session.getStart().getEpochSecond());
  }
}
