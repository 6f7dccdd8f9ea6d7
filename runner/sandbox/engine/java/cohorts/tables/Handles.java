package cohorts.tables;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.trino.spi.HostAddress;
import io.trino.spi.connector.ConnectorInsertTableHandle;
import io.trino.spi.connector.ConnectorMergeTableHandle;
import io.trino.spi.connector.ConnectorOutputTableHandle;
import io.trino.spi.connector.ConnectorSplit;
import io.trino.spi.connector.ConnectorTableHandle;
import io.trino.spi.connector.ConnectorTransactionHandle;
import io.trino.spi.connector.SchemaTableName;
import io.trino.spi.type.Type;
import java.util.List;

/** What coordinator and workers tell each other of tables, as JSON. */
final class Handles {
  private Handles() {}

  public record Transaction(@JsonProperty("id") String id) implements ConnectorTransactionHandle {}

  /** A table; EXPLAIN shows its name. */
  public record TableHandle(@JsonProperty("id") long id, @JsonProperty("name") SchemaTableName name)
      implements ConnectorTableHandle {
    @Override
    public String toString() {
      return name.toString();
    }
  }

  /** Rows for a table: `given` are the types of what comes, in the order of `columns`; `live`: tables there are. */
  public record Writing(
      @JsonProperty("table") long table,
      @JsonProperty("write") long write,
      @JsonProperty("columns") List<Column> columns,
      @JsonProperty("given") List<Type> given,
      @JsonProperty("live") List<Long> live)
      implements ConnectorOutputTableHandle, ConnectorInsertTableHandle {}

  public record Deleting(@JsonProperty("table") TableHandle table) implements ConnectorMergeTableHandle {
    @Override
    @JsonIgnore
    public ConnectorTableHandle getTableHandle() {
      return table;
    }
  }

  /** Every so-manieth page of what was written on a node. */
  public record Split(
      @JsonProperty("node") HostAddress node,
      @JsonProperty("writes") List<Long> writes,
      @JsonProperty("part") int part,
      @JsonProperty("parts") int parts)
      implements ConnectorSplit {
    @Override
    @JsonIgnore
    public boolean isRemotelyAccessible() {
      return false;
    }

    @Override
    @JsonIgnore
    public List<HostAddress> getAddresses() {
      return List.of(node);
    }

    @Override
    @JsonIgnore
    public Object getInfo() {
      return part + " of " + parts;
    }

    @Override
    @JsonIgnore
    public long getRetainedSizeInBytes() {
      return 64 + 24L * writes.size();
    }
  }
}
