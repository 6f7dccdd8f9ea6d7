package cohorts.tables;

import io.trino.spi.connector.ColumnMetadata;
import io.trino.spi.connector.ConnectorTableMetadata;
import io.trino.spi.connector.SchemaTableName;
import io.trino.spi.type.Type;
import java.util.ArrayList;
import java.util.List;

/** A table as the coordinator knows it: columns in the order in which they are shown, and where its rows are. */
record Table(long id, SchemaTableName name, List<Column> columns, List<Part> parts) {
  Table {
    columns = List.copyOf(columns);
    parts = List.copyOf(parts);
  }

  ConnectorTableMetadata metadata() {
    List<ColumnMetadata> shown = columns.stream().map(Column::metadata).toList();
    return new ConnectorTableMetadata(name, shown);
  }

  long rows() {
    return parts.stream().mapToLong(Part::rows).sum();
  }

  Table with(List<Part> more) {
    List<Part> all = new ArrayList<>(parts);
    all.addAll(more);
    return new Table(id, name, columns, all);
  }

  Table without(long deleted) {
    List<Part> all = new ArrayList<>(parts);
    all.add(new Part(parts.get(0).node(), 0, -deleted)); // rows that are counted, and are no more
    return new Table(id, name, columns, all);
  }

  Table empty() {
    return new Table(id, name, columns, List.of());
  }

  /** With one column more, before {@code time} where that is the last one. */
  Table with(String column, Type type) {
    int channel = columns.stream().mapToInt(Column::channel).max().orElse(-1) + 1;
    int last = columns.size() - 1;
    List<Column> all = new ArrayList<>(columns);
    all.add(columns.get(last).isTime() ? last : last + 1, new Column(column, channel, type));
    return new Table(id, name, all, parts);
  }
}
