package cohorts.functions;

import io.airlift.slice.Slice;
import io.trino.spi.function.Description;
import io.trino.spi.function.ScalarFunction;
import io.trino.spi.function.SqlNullable;
import io.trino.spi.function.SqlType;
import io.trino.spi.function.TypeParameter;
import io.trino.spi.type.BigintType;
import io.trino.spi.type.CharType;
import io.trino.spi.type.IntegerType;
import io.trino.spi.type.SmallintType;
import io.trino.spi.type.StandardTypes;
import io.trino.spi.type.TinyintType;
import io.trino.spi.type.Type;
import io.trino.spi.type.VarcharType;
import io.trino.type.UnknownType;
import java.time.ZoneId;
import java.util.Set;

/**
 * TD_TIME_RANGE(time, start [, end [, zone]]): start, end or both may be a number, a text or NULL.
 *
 * <p>NULL has no type, so overloads of bigint and varchar would be ambiguous: the type of each end is a parameter.
 */
public final class TimeRange {
  private static final String BIGINT = StandardTypes.BIGINT;
  private static final String VARCHAR = StandardTypes.VARCHAR;
  private static final String BOOLEAN = StandardTypes.BOOLEAN;

  private static final Set<Type> NUMBERS =
      Set.of(TinyintType.TINYINT, SmallintType.SMALLINT, IntegerType.INTEGER, BigintType.BIGINT);

  private TimeRange() {}

  @ScalarFunction("td_time_range")
  @Description("Whether start <= time < end; an end that is NULL is open")
  @TypeParameter("S")
  @SqlNullable
  @SqlType(BOOLEAN)
  public static Boolean holds(
      @TypeParameter("S") Type startType,
      @SqlNullable @SqlType(BIGINT) Long time,
      @SqlNullable @SqlType("S") Object start) {
    return holds(startType, UnknownType.UNKNOWN, time, start, null, null);
  }

  @ScalarFunction("td_time_range")
  @Description("Whether start <= time < end; an end that is NULL is open")
  @TypeParameter("S")
  @TypeParameter("E")
  @SqlNullable
  @SqlType(BOOLEAN)
  public static Boolean holds(
      @TypeParameter("S") Type startType,
      @TypeParameter("E") Type endType,
      @SqlNullable @SqlType(BIGINT) Long time,
      @SqlNullable @SqlType("S") Object start,
      @SqlNullable @SqlType("E") Object end) {
    return holds(startType, endType, time, start, end, null);
  }

  @ScalarFunction("td_time_range")
  @Description("Whether start <= time < end; an end that is NULL is open")
  @TypeParameter("S")
  @TypeParameter("E")
  @SqlNullable
  @SqlType(BOOLEAN)
  public static Boolean holds(
      @TypeParameter("S") Type startType,
      @TypeParameter("E") Type endType,
      @SqlNullable @SqlType(BIGINT) Long time,
      @SqlNullable @SqlType("S") Object start,
      @SqlNullable @SqlType("E") Object end,
      @SqlNullable @SqlType(VARCHAR) Slice zone) {
    Long from = seconds(startType, start, zone);
    Long before = seconds(endType, end, zone);
    if (time == null) {
      return null;
    }
    return (from == null || from <= time) && (before == null || time < before);
  }

  /** Seconds of an end; null where it is open. */
  private static Long seconds(Type type, Object end, Slice zone) {
    if (NUMBERS.contains(type)) {
      return (Long) end;
    }
    if (type instanceof VarcharType || type instanceof CharType) {
      return end == null ? null : parsed(((Slice) end).toStringUtf8(), zone);
    }
    if (type == UnknownType.UNKNOWN) {
      return null;
    }
    throw Times.invalid("TD_TIME_RANGE takes numbers and texts, not " + type.getDisplayName());
  }

  private static long parsed(String text, Slice zone) {
    ZoneId named = zone == null ? Times.UTC : Times.zone(zone.toStringUtf8());
    return Times.parsed(text, named).orElseThrow(() -> Times.invalid("Invalid time " + text));
  }
}
