package cohorts.tables;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import cohorts.tables.Handles.TableHandle;
import io.airlift.slice.Slices;
import io.trino.spi.HostAddress;
import io.trino.spi.Page;
import io.trino.spi.PageBuilder;
import io.trino.spi.StandardErrorCode;
import io.trino.spi.TrinoException;
import io.trino.spi.block.ArrayBlockBuilder;
import io.trino.spi.block.BlockBuilder;
import io.trino.spi.connector.ColumnMetadata;
import io.trino.spi.connector.ConnectorSession;
import io.trino.spi.connector.ConnectorTableMetadata;
import io.trino.spi.connector.SchemaTableName;
import io.trino.spi.procedure.Procedure;
import io.trino.spi.type.ArrayType;
import io.trino.spi.type.DateType;
import io.trino.spi.type.DecimalType;
import io.trino.spi.type.Decimals;
import io.trino.spi.type.DoubleType;
import io.trino.spi.type.RealType;
import io.trino.spi.type.Type;
import io.trino.spi.type.TypeManager;
import io.trino.spi.type.VarcharType;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;

/**
 * {@code CALL "$engine".load(json)}: tables with their rows in one statement, since planning VALUES takes 2 ms a row.
 *
 * <p>The JSON: {@code {"replace": false, "tables": [{"schema": …, "name": …, "columns": [[name, type], …],
 * "rows": [[value, …], …]}]}}. {@code replace} drops all tables of the catalog first. Rows of a table that is there
 * are added to it.
 */
public final class Loading {
  private static final ObjectMapper JSON =
      JsonMapper.builder().enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS).build();

  private final Tables tables;
  private final PageStore store;
  private final TypeManager types;
  private final HostAddress node;

  Loading(Tables tables, PageStore store, TypeManager types, HostAddress node) {
    this.tables = tables;
    this.store = store;
    this.types = types;
    this.node = node;
  }

  Procedure procedure() {
    try {
      MethodType type = MethodType.methodType(void.class, ConnectorSession.class, String.class);
      MethodHandle load = MethodHandles.lookup().findVirtual(Loading.class, "load", type).bindTo(this);
      return new Procedure(Listing.SCHEMA, "load", List.of(new Procedure.Argument("TABLES", VarcharType.VARCHAR)), load);
    } catch (ReflectiveOperationException exception) {
      throw new IllegalStateException(exception);
    }
  }

  /** Called by Trino. */
  public void load(ConnectorSession session, String text) {
    JsonNode given = parsed(text);
    if (given.path("replace").asBoolean()) {
      tables.all().forEach(table -> tables.drop(table.id()));
    }
    for (JsonNode table : given.path("tables")) {
      load(session, table);
    }
  }

  private static JsonNode parsed(String text) {
    try {
      return JSON.readTree(text);
    } catch (JsonProcessingException exception) {
      throw refused("The tables to load are not JSON");
    }
  }

  private void load(ConnectorSession session, JsonNode given) {
    SchemaTableName name = new SchemaTableName(given.path("schema").asText(), given.path("name").asText());
    List<ColumnMetadata> shown = new ArrayList<>();
    for (JsonNode column : given.path("columns")) {
      shown.add(new ColumnMetadata(column.get(0).asText(), types.fromSqlType(column.get(1).asText())));
    }
    if (tables.id(name) == null) {
      tables.createSchema(name.getSchemaName());
      tables.create(tables.draft(new ConnectorTableMetadata(name, shown)));
    }
    List<Type> columns = shown.stream().map(ColumnMetadata::getType).toList();
    TableHandle handle = new TableHandle(tables.id(name), name);
    String transaction = session.getQueryId();
    Handles.Writing writing = tables.write(transaction, tables.get(handle), columns);
    WriteSink sink = new WriteSink(store, node, writing, session.getStart().getEpochSecond());
    pages(columns, given.path("rows")).forEach(sink::appendPage);
    List<Part> written = Part.of(sink.finish().join());
    tables.change(handle.id(), old -> old.with(written));
    tables.end(transaction, false);
  }

  private static List<Page> pages(List<Type> columns, JsonNode rows) {
    List<Page> pages = new ArrayList<>();
    PageBuilder builder = new PageBuilder(columns);
    for (JsonNode row : rows) {
      builder.declarePosition();
      for (int index = 0; index < columns.size(); index++) {
        write(columns.get(index), row.get(index), builder.getBlockBuilder(index));
      }
      if (builder.isFull()) {
        pages.add(builder.build());
        builder.reset();
      }
    }
    if (!builder.isEmpty()) {
      pages.add(builder.build());
    }
    return pages;
  }

  private static void write(Type type, JsonNode value, BlockBuilder builder) {
    if (value == null || value.isNull()) {
      builder.appendNull();
    } else if (type instanceof ArrayType list) {
      Type element = list.getElementType();
      ((ArrayBlockBuilder) builder).buildEntry(elements -> value.forEach(each -> write(element, each, elements)));
    } else if (type instanceof VarcharType && value.isTextual()) {
      type.writeSlice(builder, Slices.utf8Slice(value.textValue()));
    } else if (type instanceof DoubleType && value.isNumber()) {
      type.writeDouble(builder, value.doubleValue());
    } else if (type instanceof RealType && value.isNumber()) {
      type.writeLong(builder, Float.floatToIntBits(value.floatValue()));
    } else if (type instanceof DecimalType decimal && value.isNumber()) {
      write(decimal, value.decimalValue(), builder);
    } else if (type instanceof DateType && value.isTextual()) {
      type.writeLong(builder, day(value.textValue()));
    } else if (type.getJavaType() == boolean.class && value.isBoolean()) {
      type.writeBoolean(builder, value.booleanValue());
    } else if (Tables.WHOLE_NUMBERS.contains(type) && value.isIntegralNumber() && value.canConvertToLong()) {
      type.writeLong(builder, value.longValue());
    } else {
      throw refused("A value to load is not of its column's type " + type.getDisplayName());
    }
  }

  private static void write(DecimalType type, BigDecimal value, BlockBuilder builder) {
    if (type.isShort()) {
      type.writeLong(builder, Decimals.encodeShortScaledValue(value, type.getScale(), RoundingMode.HALF_UP));
    } else {
      type.writeObject(builder, Decimals.encodeScaledValue(value, type.getScale(), RoundingMode.HALF_UP));
    }
  }

  private static long day(String text) {
    try {
      return LocalDate.parse(text).toEpochDay();
    } catch (DateTimeParseException exception) {
      throw refused("A date to load is not of the calendar: " + text);
    }
  }

  private static TrinoException refused(String message) {
    return new TrinoException(StandardErrorCode.INVALID_PROCEDURE_ARGUMENT, message);
  }
}
