package cohorts.tables;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.trino.spi.connector.ColumnHandle;
import io.trino.spi.connector.ColumnMetadata;
import io.trino.spi.type.BigintType;
import io.trino.spi.type.Type;

/** A column, and where its values lie in a table's pages. */
public record Column(
    @JsonProperty("name") String name, @JsonProperty("channel") int channel, @JsonProperty("type") Type type)
    implements ColumnHandle {
  static final String TIME = "time";

  /** Not a column: which row it is, for DELETE. */
  static final Column ROW = new Column("$row", -1, BigintType.BIGINT);

  boolean isTime() {
    return name.equals(TIME);
  }

  ColumnMetadata metadata() {
    return new ColumnMetadata(name, type);
  }
}
