package cohorts.tables;

import cohorts.tables.Handles.Deleting;
import cohorts.tables.Handles.TableHandle;
import cohorts.tables.Handles.Writing;
import io.airlift.slice.Slice;
import io.trino.spi.NodeManager;
import io.trino.spi.StandardErrorCode;
import io.trino.spi.TrinoException;
import io.trino.spi.connector.ColumnHandle;
import io.trino.spi.connector.ColumnMetadata;
import io.trino.spi.connector.ConnectorInsertTableHandle;
import io.trino.spi.connector.ConnectorMergeTableHandle;
import io.trino.spi.connector.ConnectorMetadata;
import io.trino.spi.connector.ConnectorOutputMetadata;
import io.trino.spi.connector.ConnectorOutputTableHandle;
import io.trino.spi.connector.ConnectorSession;
import io.trino.spi.connector.ConnectorTableHandle;
import io.trino.spi.connector.ConnectorTableLayout;
import io.trino.spi.connector.ConnectorTableMetadata;
import io.trino.spi.connector.RetryMode;
import io.trino.spi.connector.RowChangeParadigm;
import io.trino.spi.connector.SchemaTableName;
import io.trino.spi.connector.SchemaTablePrefix;
import io.trino.spi.connector.TableColumnsMetadata;
import io.trino.spi.security.TrinoPrincipal;
import io.trino.spi.statistics.ComputedStatistics;
import io.trino.spi.statistics.Estimate;
import io.trino.spi.statistics.TableStatistics;
import io.trino.spi.type.Type;
import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/** What Trino asks and orders of tables, within one transaction. */
final class TablesMetadata implements ConnectorMetadata {
  private final Tables tables;
  private final String transaction;
  private final NodeManager nodes;
  private final Map<Long, Table> drafts = new HashMap<>();

  TablesMetadata(Tables tables, String transaction, NodeManager nodes) {
    this.tables = tables;
    this.transaction = transaction;
    this.nodes = nodes;
  }

  @Override
  public List<String> listSchemaNames(ConnectorSession session) {
    return tables.schemas();
  }

  @Override
  public void createSchema(
      ConnectorSession session, String name, Map<String, Object> properties, TrinoPrincipal owner) {
    tables.createSchema(name);
  }

  @Override
  public void dropSchema(ConnectorSession session, String name, boolean cascade) {
    tables.dropSchema(name);
  }

  @Override
  public ConnectorTableHandle getTableHandle(ConnectorSession session, SchemaTableName name) {
    Long id = tables.id(name);
    return id == null ? null : new TableHandle(id, name);
  }

  @Override
  public ConnectorTableMetadata getTableMetadata(ConnectorSession session, ConnectorTableHandle handle) {
    return tables.get(handle).metadata();
  }

  @Override
  public List<SchemaTableName> listTables(ConnectorSession session, Optional<String> schema) {
    return tables.all().stream()
        .map(Table::name)
        .filter(name -> schema.map(name.getSchemaName()::equals).orElse(true))
        .toList();
  }

  @Override
  public Map<String, ColumnHandle> getColumnHandles(ConnectorSession session, ConnectorTableHandle handle) {
    Map<String, ColumnHandle> found = new LinkedHashMap<>();
    tables.get(handle).columns().forEach(column -> found.put(column.name(), column));
    return found;
  }

  @Override
  public ColumnMetadata getColumnMetadata(
      ConnectorSession session, ConnectorTableHandle handle, ColumnHandle column) {
    return ((Column) column).metadata();
  }

  @Override
  public Iterator<TableColumnsMetadata> streamTableColumns(ConnectorSession session, SchemaTablePrefix prefix) {
    return tables.all().stream()
        .filter(table -> prefix.matches(table.name()))
        .map(table -> TableColumnsMetadata.forTable(table.name(), table.metadata().getColumns()))
        .iterator();
  }

  @Override
  public TableStatistics getTableStatistics(ConnectorSession session, ConnectorTableHandle handle) {
    return TableStatistics.builder().setRowCount(Estimate.of(tables.get(handle).rows())).build();
  }

  @Override
  public void createTable(ConnectorSession session, ConnectorTableMetadata metadata, boolean ignoreExisting) {
    if (!ignoreExisting || tables.id(metadata.getTable()) == null) {
      tables.create(tables.draft(metadata));
    }
  }

  @Override
  public void dropTable(ConnectorSession session, ConnectorTableHandle handle) {
    tables.drop(((TableHandle) handle).id());
  }

  @Override
  public void truncateTable(ConnectorSession session, ConnectorTableHandle handle) {
    tables.clear(handle);
  }

  @Override
  public void addColumn(ConnectorSession session, ConnectorTableHandle handle, ColumnMetadata column) {
    tables.change(((TableHandle) handle).id(), table -> table.with(column.getName(), column.getType()));
  }

  @Override
  public ConnectorOutputTableHandle beginCreateTable(
      ConnectorSession session,
      ConnectorTableMetadata metadata,
      Optional<ConnectorTableLayout> layout,
      RetryMode retry) {
    Table draft = tables.draft(metadata);
    List<Type> given = metadata.getColumns().stream().map(ColumnMetadata::getType).toList();
    Writing writing = tables.write(transaction, draft, given);
    drafts.put(writing.write(), draft);
    return writing;
  }

  @Override
  public Optional<ConnectorOutputMetadata> finishCreateTable(
      ConnectorSession session,
      ConnectorOutputTableHandle handle,
      Collection<Slice> fragments,
      Collection<ComputedStatistics> statistics) {
    Table draft = drafts.remove(((Writing) handle).write());
    tables.create(draft.with(Part.of(fragments)));
    return Optional.empty();
  }

  @Override
  public ConnectorInsertTableHandle beginInsert(
      ConnectorSession session, ConnectorTableHandle handle, List<ColumnHandle> columns, RetryMode retry) {
    Table table = tables.get(handle);
    return tables.write(transaction, table, table.columns().stream().map(Column::type).toList());
  }

  @Override
  public Optional<ConnectorOutputMetadata> finishInsert(
      ConnectorSession session,
      ConnectorInsertTableHandle handle,
      Collection<Slice> fragments,
      Collection<ComputedStatistics> statistics) {
    List<Part> written = Part.of(fragments);
    tables.change(((Writing) handle).table(), table -> table.with(written));
    return Optional.empty();
  }

  @Override
  public Optional<ConnectorTableHandle> applyDelete(ConnectorSession session, ConnectorTableHandle handle) {
    return Optional.of(handle); // only asked where there is no condition
  }

  @Override
  public OptionalLong executeDelete(ConnectorSession session, ConnectorTableHandle handle) {
    return OptionalLong.of(tables.clear(handle));
  }

  @Override
  public RowChangeParadigm getRowChangeParadigm(ConnectorSession session, ConnectorTableHandle handle) {
    return RowChangeParadigm.DELETE_ROW_AND_INSERT_ROW;
  }

  @Override
  public ColumnHandle getMergeRowIdColumnHandle(ConnectorSession session, ConnectorTableHandle handle) {
    return Column.ROW;
  }

  @Override
  public ConnectorMergeTableHandle beginMerge(
      ConnectorSession session, ConnectorTableHandle handle, RetryMode retry) {
    if (nodes.getWorkerNodes().stream().anyMatch(node -> !node.equals(nodes.getCurrentNode()))) {
      // a row can only be marked where it lies, and Trino deletes on any node
      throw new TrinoException(
          StandardErrorCode.NOT_SUPPORTED, "DELETE with WHERE needs an engine that is one process");
    }
    return new Deleting((TableHandle) handle);
  }

  @Override
  public void finishMerge(
      ConnectorSession session,
      ConnectorMergeTableHandle handle,
      Collection<Slice> fragments,
      Collection<ComputedStatistics> statistics) {
    TableHandle table = ((Deleting) handle).table();
    long deleted = tables.delete(table, DeleteSink.rows(fragments));
    if (deleted > 0) {
      tables.change(table.id(), old -> old.without(deleted));
    }
  }
}
