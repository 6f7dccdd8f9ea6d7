package cohorts.tables;

import io.trino.spi.connector.ColumnMetadata;
import io.trino.spi.connector.ConnectorSession;
import io.trino.spi.connector.ConnectorTableMetadata;
import io.trino.spi.connector.ConnectorTransactionHandle;
import io.trino.spi.connector.InMemoryRecordSet;
import io.trino.spi.connector.RecordCursor;
import io.trino.spi.connector.SchemaTableName;
import io.trino.spi.connector.SystemTable;
import io.trino.spi.predicate.TupleDomain;
import io.trino.spi.type.BigintType;
import io.trino.spi.type.VarcharType;
import java.util.List;

/** {@code "$engine".columns}: every table with its number of rows and its columns, as of one moment. */
final class Listing implements SystemTable {
  /** Not a name that a database can have. */
  static final String SCHEMA = "$engine";

  private static final ConnectorTableMetadata COLUMNS =
      new ConnectorTableMetadata(
          new SchemaTableName(SCHEMA, "columns"),
          List.of(
              new ColumnMetadata("table_schema", VarcharType.VARCHAR),
              new ColumnMetadata("table_name", VarcharType.VARCHAR),
              new ColumnMetadata("row_count", BigintType.BIGINT),
              new ColumnMetadata("position", BigintType.BIGINT),
              new ColumnMetadata("column_name", VarcharType.VARCHAR),
              new ColumnMetadata("type", VarcharType.VARCHAR)));

  private final Tables tables;

  Listing(Tables tables) {
    this.tables = tables;
  }

  @Override
  public Distribution getDistribution() {
    return Distribution.SINGLE_COORDINATOR;
  }

  @Override
  public ConnectorTableMetadata getTableMetadata() {
    return COLUMNS;
  }

  @Override
  public RecordCursor cursor(
      ConnectorTransactionHandle transaction, ConnectorSession session, TupleDomain<Integer> constraint) {
    InMemoryRecordSet.Builder rows = InMemoryRecordSet.builder(COLUMNS);
    for (Table table : tables.all()) {
      long position = 0;
      for (Column column : table.columns()) {
        SchemaTableName name = table.name();
        String type = column.type().getDisplayName();
        rows.addRow(name.getSchemaName(), name.getTableName(), table.rows(), position++, column.name(), type);
      }
    }
    return rows.build().cursor();
  }
}
