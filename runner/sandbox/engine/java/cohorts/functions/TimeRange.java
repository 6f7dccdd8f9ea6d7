package cohorts.functions;

import io.airlift.slice.Slice;
import io.trino.spi.function.Description;
import io.trino.spi.function.ScalarFunction;
import io.trino.spi.function.SqlNullable;
import io.trino.spi.function.SqlType;
import io.trino.spi.function.TypeParameter;
import io.trino.spi.type.StandardTypes;
import java.time.ZoneId;

/**
 * TD_TIME_RANGE(time, start [, end [, zone]]): start, end or both may be a number, a text or NULL.
 *
 * <p>NULL has no type, so overloads of bigint and varchar would be ambiguous: each end is a type parameter, with one
 * method for each Java type that it may have. Boolean is the one of NULL.
 */
public final class TimeRange {
  private static final String BIGINT = StandardTypes.BIGINT;
  private static final String VARCHAR = StandardTypes.VARCHAR;
  private static final String BOOLEAN = StandardTypes.BOOLEAN;

  private TimeRange() {}

  private static Boolean holds(Long time, Long start, Long end) {
    if (time == null) {
      return null;
    }
    return (start == null || start <= time) && (end == null || time < end);
  }

  /** An end that is given as a text. */
  private static Long end(Slice text, ZoneId zone) {
    if (text == null) {
      return null;
    }
    String given = text.toStringUtf8();
    return Times.parsed(given, zone).orElseThrow(() -> Times.invalid("Invalid time " + given));
  }

  private static Long none(Boolean end) {
    if (end != null) {
      throw Times.invalid("TD_TIME_RANGE takes numbers and texts, not booleans");
    }
    return null;
  }

  private static ZoneId zone(Slice name) {
    return name == null ? Times.UTC : Times.zone(name.toStringUtf8());
  }

  /** With a start only. */
  @ScalarFunction("td_time_range")
  @Description("Whether start <= time < end; an end that is NULL is open")
  public static final class Start {
    private Start() {}

    @TypeParameter("S")
    @SqlNullable
    @SqlType(BOOLEAN)
    public static Boolean open(
        @SqlNullable @SqlType(BIGINT) Long time,
        @SqlNullable @SqlType("S") Boolean start) {
      return holds(time, none(start), null);
    }

    @TypeParameter("S")
    @SqlNullable
    @SqlType(BOOLEAN)
    public static Boolean number(
        @SqlNullable @SqlType(BIGINT) Long time,
        @SqlNullable @SqlType("S") Long start) {
      return holds(time, start, null);
    }

    @TypeParameter("S")
    @SqlNullable
    @SqlType(BOOLEAN)
    public static Boolean text(
        @SqlNullable @SqlType(BIGINT) Long time,
        @SqlNullable @SqlType("S") Slice start) {
      return holds(time, end(start, Times.UTC), null);
    }
  }

  /** With start and end. */
  @ScalarFunction("td_time_range")
  @Description("Whether start <= time < end; an end that is NULL is open")
  public static final class Ends {
    private Ends() {}

    @TypeParameter("S")
    @TypeParameter("E")
    @SqlNullable
    @SqlType(BOOLEAN)
    public static Boolean nullNull(
        @SqlNullable @SqlType(BIGINT) Long time,
        @SqlNullable @SqlType("S") Boolean start,
        @SqlNullable @SqlType("E") Boolean end) {
      return holds(time, none(start), none(end));
    }

    @TypeParameter("S")
    @TypeParameter("E")
    @SqlNullable
    @SqlType(BOOLEAN)
    public static Boolean nullNumber(
        @SqlNullable @SqlType(BIGINT) Long time,
        @SqlNullable @SqlType("S") Boolean start,
        @SqlNullable @SqlType("E") Long end) {
      return holds(time, none(start), end);
    }

    @TypeParameter("S")
    @TypeParameter("E")
    @SqlNullable
    @SqlType(BOOLEAN)
    public static Boolean nullText(
        @SqlNullable @SqlType(BIGINT) Long time,
        @SqlNullable @SqlType("S") Boolean start,
        @SqlNullable @SqlType("E") Slice end) {
      return holds(time, none(start), end(end, Times.UTC));
    }

    @TypeParameter("S")
    @TypeParameter("E")
    @SqlNullable
    @SqlType(BOOLEAN)
    public static Boolean numberNull(
        @SqlNullable @SqlType(BIGINT) Long time,
        @SqlNullable @SqlType("S") Long start,
        @SqlNullable @SqlType("E") Boolean end) {
      return holds(time, start, none(end));
    }

    @TypeParameter("S")
    @TypeParameter("E")
    @SqlNullable
    @SqlType(BOOLEAN)
    public static Boolean numberNumber(
        @SqlNullable @SqlType(BIGINT) Long time,
        @SqlNullable @SqlType("S") Long start,
        @SqlNullable @SqlType("E") Long end) {
      return holds(time, start, end);
    }

    @TypeParameter("S")
    @TypeParameter("E")
    @SqlNullable
    @SqlType(BOOLEAN)
    public static Boolean numberText(
        @SqlNullable @SqlType(BIGINT) Long time,
        @SqlNullable @SqlType("S") Long start,
        @SqlNullable @SqlType("E") Slice end) {
      return holds(time, start, end(end, Times.UTC));
    }

    @TypeParameter("S")
    @TypeParameter("E")
    @SqlNullable
    @SqlType(BOOLEAN)
    public static Boolean textNull(
        @SqlNullable @SqlType(BIGINT) Long time,
        @SqlNullable @SqlType("S") Slice start,
        @SqlNullable @SqlType("E") Boolean end) {
      return holds(time, end(start, Times.UTC), none(end));
    }

    @TypeParameter("S")
    @TypeParameter("E")
    @SqlNullable
    @SqlType(BOOLEAN)
    public static Boolean textNumber(
        @SqlNullable @SqlType(BIGINT) Long time,
        @SqlNullable @SqlType("S") Slice start,
        @SqlNullable @SqlType("E") Long end) {
      return holds(time, end(start, Times.UTC), end);
    }

    @TypeParameter("S")
    @TypeParameter("E")
    @SqlNullable
    @SqlType(BOOLEAN)
    public static Boolean textText(
        @SqlNullable @SqlType(BIGINT) Long time,
        @SqlNullable @SqlType("S") Slice start,
        @SqlNullable @SqlType("E") Slice end) {
      return holds(time, end(start, Times.UTC), end(end, Times.UTC));
    }
  }

  /** With start, end and the zone of those that are texts without one. */
  @ScalarFunction("td_time_range")
  @Description("Whether start <= time < end; an end that is NULL is open")
  public static final class Zoned {
    private Zoned() {}

    @TypeParameter("S")
    @TypeParameter("E")
    @SqlNullable
    @SqlType(BOOLEAN)
    public static Boolean nullNull(
        @SqlNullable @SqlType(BIGINT) Long time,
        @SqlNullable @SqlType("S") Boolean start,
        @SqlNullable @SqlType("E") Boolean end,
        @SqlNullable @SqlType(VARCHAR) Slice zone) {
      return holds(time, none(start), none(end));
    }

    @TypeParameter("S")
    @TypeParameter("E")
    @SqlNullable
    @SqlType(BOOLEAN)
    public static Boolean nullNumber(
        @SqlNullable @SqlType(BIGINT) Long time,
        @SqlNullable @SqlType("S") Boolean start,
        @SqlNullable @SqlType("E") Long end,
        @SqlNullable @SqlType(VARCHAR) Slice zone) {
      return holds(time, none(start), end);
    }

    @TypeParameter("S")
    @TypeParameter("E")
    @SqlNullable
    @SqlType(BOOLEAN)
    public static Boolean nullText(
        @SqlNullable @SqlType(BIGINT) Long time,
        @SqlNullable @SqlType("S") Boolean start,
        @SqlNullable @SqlType("E") Slice end,
        @SqlNullable @SqlType(VARCHAR) Slice zone) {
      return holds(time, none(start), end(end, zone(zone)));
    }

    @TypeParameter("S")
    @TypeParameter("E")
    @SqlNullable
    @SqlType(BOOLEAN)
    public static Boolean numberNull(
        @SqlNullable @SqlType(BIGINT) Long time,
        @SqlNullable @SqlType("S") Long start,
        @SqlNullable @SqlType("E") Boolean end,
        @SqlNullable @SqlType(VARCHAR) Slice zone) {
      return holds(time, start, none(end));
    }

    @TypeParameter("S")
    @TypeParameter("E")
    @SqlNullable
    @SqlType(BOOLEAN)
    public static Boolean numberNumber(
        @SqlNullable @SqlType(BIGINT) Long time,
        @SqlNullable @SqlType("S") Long start,
        @SqlNullable @SqlType("E") Long end,
        @SqlNullable @SqlType(VARCHAR) Slice zone) {
      return holds(time, start, end);
    }

    @TypeParameter("S")
    @TypeParameter("E")
    @SqlNullable
    @SqlType(BOOLEAN)
    public static Boolean numberText(
        @SqlNullable @SqlType(BIGINT) Long time,
        @SqlNullable @SqlType("S") Long start,
        @SqlNullable @SqlType("E") Slice end,
        @SqlNullable @SqlType(VARCHAR) Slice zone) {
      return holds(time, start, end(end, zone(zone)));
    }

    @TypeParameter("S")
    @TypeParameter("E")
    @SqlNullable
    @SqlType(BOOLEAN)
    public static Boolean textNull(
        @SqlNullable @SqlType(BIGINT) Long time,
        @SqlNullable @SqlType("S") Slice start,
        @SqlNullable @SqlType("E") Boolean end,
        @SqlNullable @SqlType(VARCHAR) Slice zone) {
      return holds(time, end(start, zone(zone)), none(end));
    }

    @TypeParameter("S")
    @TypeParameter("E")
    @SqlNullable
    @SqlType(BOOLEAN)
    public static Boolean textNumber(
        @SqlNullable @SqlType(BIGINT) Long time,
        @SqlNullable @SqlType("S") Slice start,
        @SqlNullable @SqlType("E") Long end,
        @SqlNullable @SqlType(VARCHAR) Slice zone) {
      return holds(time, end(start, zone(zone)), end);
    }

    @TypeParameter("S")
    @TypeParameter("E")
    @SqlNullable
    @SqlType(BOOLEAN)
    public static Boolean textText(
        @SqlNullable @SqlType(BIGINT) Long time,
        @SqlNullable @SqlType("S") Slice start,
        @SqlNullable @SqlType("E") Slice end,
        @SqlNullable @SqlType(VARCHAR) Slice zone) {
      return holds(time, end(start, zone(zone)), end(end, zone(zone)));
    }
  }
}
