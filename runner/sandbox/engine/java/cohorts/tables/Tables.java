package cohorts.tables;

import cohorts.tables.Handles.TableHandle;
import io.trino.spi.StandardErrorCode;
import io.trino.spi.TrinoException;
import io.trino.spi.connector.ConnectorTableHandle;
import io.trino.spi.connector.ConnectorTableMetadata;
import io.trino.spi.connector.SchemaNotFoundException;
import io.trino.spi.connector.SchemaTableName;
import io.trino.spi.connector.TableNotFoundException;
import io.trino.spi.type.BigintType;
import io.trino.spi.type.IntegerType;
import io.trino.spi.type.SmallintType;
import io.trino.spi.type.TinyintType;
import io.trino.spi.type.Type;
import io.trino.spi.connector.ColumnMetadata;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.UnaryOperator;

/** All schemas and tables of a catalog, on the coordinator. Every method is one step. */
final class Tables {
  static final Set<Type> WHOLE_NUMBERS =
      Set.of(TinyintType.TINYINT, SmallintType.SMALLINT, IntegerType.INTEGER, BigintType.BIGINT);

  private final PageStore store;
  private final Set<String> schemas = new TreeSet<>();
  private final Map<Long, Table> byId = new TreeMap<>();
  private final Map<SchemaTableName, Long> ids = new HashMap<>();
  private final Map<String, List<Handles.Writing>> unfinished = new HashMap<>();
  private long numbers;

  Tables(PageStore store) {
    this.store = store;
  }

  synchronized List<String> schemas() {
    return List.copyOf(schemas);
  }

  synchronized void createSchema(String name) {
    schemas.add(name);
  }

  synchronized void dropSchema(String name) {
    all().stream().filter(table -> table.name().getSchemaName().equals(name)).forEach(table -> drop(table.id()));
    schemas.remove(name);
  }

  synchronized List<Table> all() {
    return List.copyOf(byId.values());
  }

  /** The number of a table, or null where there is none of that name. */
  synchronized Long id(SchemaTableName name) {
    return ids.get(name);
  }

  Table get(ConnectorTableHandle handle) {
    return get(((TableHandle) handle).id());
  }

  private synchronized Table get(long id) {
    Table found = byId.get(id);
    if (found == null) {
      throw new TrinoException(StandardErrorCode.TABLE_NOT_FOUND, "The table was dropped meanwhile");
    }
    return found;
  }

  /** A table that nobody sees yet; with `time`, where it is not among the columns. */
  synchronized Table draft(ConnectorTableMetadata metadata) {
    List<Column> columns = new ArrayList<>();
    for (ColumnMetadata column : metadata.getColumns()) {
      columns.add(new Column(column.getName(), columns.size(), kept(column)));
    }
    if (columns.stream().noneMatch(Column::isTime)) {
      columns.add(new Column(Column.TIME, columns.size(), BigintType.BIGINT));
    }
    String schema = metadata.getTable().getSchemaName();
    if (!schemas.contains(schema)) {
      throw new SchemaNotFoundException(schema);
    }
    return new Table(++numbers, metadata.getTable(), columns, List.of());
  }

  private static Type kept(ColumnMetadata column) {
    if (!column.getName().equals(Column.TIME)) {
      return column.getType();
    }
    if (!WHOLE_NUMBERS.contains(column.getType())) {
      throw new TrinoException(
          StandardErrorCode.NOT_SUPPORTED,
          "Column 'time' is of type " + column.getType().getDisplayName() + "; it must be bigint: seconds since 1970");
    }
    return BigintType.BIGINT;
  }

  synchronized void create(Table table) {
    if (ids.putIfAbsent(table.name(), table.id()) != null) {
      throw new TrinoException(StandardErrorCode.TABLE_ALREADY_EXISTS, "Table '" + table.name() + "' already exists");
    }
    byId.put(table.id(), table);
  }

  synchronized void change(long id, UnaryOperator<Table> how) {
    byId.put(id, how.apply(get(id)));
  }

  synchronized void drop(long id) {
    Table gone = byId.remove(id);
    if (gone == null) {
      throw new TableNotFoundException(new SchemaTableName("?", "?"), "The table was dropped meanwhile");
    }
    ids.remove(gone.name());
    store.drop(id);
  }

  /** Make every row of a table go; returns how many there were. */
  synchronized long clear(ConnectorTableHandle handle) {
    Table old = get(handle);
    byId.put(old.id(), old.empty());
    store.drop(old.id());
    return old.rows();
  }

  /** Mark rows as deleted, by page; returns how many were there until now. */
  synchronized long delete(ConnectorTableHandle handle, Map<Integer, BitSet> rows) {
    return store.delete(get(handle).id(), rows);
  }

  /** A new writing, kept in mind until its transaction ends. */
  synchronized Handles.Writing write(String transaction, Table table, List<Type> given) {
    List<Long> live = new ArrayList<>(byId.keySet());
    unfinished.values().forEach(writings -> writings.forEach(each -> live.add(each.table())));
    Handles.Writing writing = new Handles.Writing(table.id(), ++numbers, table.columns(), given, live);
    unfinished.computeIfAbsent(transaction, any -> new ArrayList<>()).add(writing);
    return writing;
  }

  synchronized void end(String transaction, boolean failed) {
    List<Handles.Writing> writings = unfinished.remove(transaction);
    if (failed && writings != null) {
      writings.forEach(writing -> store.drop(writing.table(), writing.write()));
    }
  }
}
