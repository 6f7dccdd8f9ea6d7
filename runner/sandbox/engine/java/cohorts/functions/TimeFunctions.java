package cohorts.functions;

import cohorts.SessionTime;
import io.airlift.slice.Slice;
import io.airlift.slice.Slices;
import io.trino.spi.block.Block;
import io.trino.spi.block.BlockBuilder;
import io.trino.spi.connector.ConnectorSession;
import io.trino.spi.function.Description;
import io.trino.spi.function.ScalarFunction;
import io.trino.spi.function.SqlNullable;
import io.trino.spi.function.SqlType;
import io.trino.spi.type.BigintType;
import io.trino.spi.type.StandardTypes;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;

/** TD_SCHEDULED_TIME, TD_INTERVAL and the functions that compute, read and write times. */
public final class TimeFunctions {
  private static final String BIGINT = StandardTypes.BIGINT;
  private static final String VARCHAR = StandardTypes.VARCHAR;
  private static final String BOOLEAN = StandardTypes.BOOLEAN;

  /** The zone of a form that is given none. */
  private static final Slice UTC = Slices.utf8Slice("UTC");

  /** How much of `yyyy-MM-dd HH:mm:ss` TD_TIME_STRING shows of a unit. */
  private static final Map<String, Integer> SHOWN =
      Map.of("s", 19, "m", 16, "h", 13, "d", 10, "w", 10, "M", 7, "q", 7, "y", 4);

  private TimeFunctions() {}

  private static ZoneId zone(Slice name) {
    return Times.zone(name.toStringUtf8());
  }

  @ScalarFunction("td_scheduled_time")
  @Description("When the query was scheduled, else when it was issued")
  @SqlType(BIGINT)
  public static long scheduledTime(ConnectorSession session) {
    return SessionTime.scheduled(session.getTraceToken(), session.getStart());
  }

  @ScalarFunction("td_interval")
  @Description("Whether a time lies in an interval relative to the scheduled time")
  @SqlType(BOOLEAN)
  public static boolean interval(ConnectorSession session, @SqlType(BIGINT) long time, @SqlType(VARCHAR) Slice text) {
    return interval(session, time, text, UTC);
  }

  @ScalarFunction("td_interval")
  @Description("Whether a time lies in an interval relative to the scheduled time")
  @SqlType(BOOLEAN)
  public static boolean interval(
      ConnectorSession session,
      @SqlType(BIGINT) long time,
      @SqlType(VARCHAR) Slice text,
      @SqlType(VARCHAR) Slice zone) {
    Times.Interval interval = Times.interval(text.toStringUtf8(), scheduledTime(session), zone(zone));
    return interval.start() <= time && time < interval.end();
  }

  @ScalarFunction("td_interval_range")
  @Description("Start and end of an interval relative to the scheduled time")
  @SqlType("array(bigint)")
  public static Block intervalRange(ConnectorSession session, @SqlType(VARCHAR) Slice text) {
    return intervalRange(session, text, UTC);
  }

  @ScalarFunction("td_interval_range")
  @Description("Start and end of an interval relative to the scheduled time")
  @SqlType("array(bigint)")
  public static Block intervalRange(
      ConnectorSession session, @SqlType(VARCHAR) Slice text, @SqlType(VARCHAR) Slice zone) {
    Times.Interval interval = Times.interval(text.toStringUtf8(), scheduledTime(session), zone(zone));
    BlockBuilder builder = BigintType.BIGINT.createFixedSizeBlockBuilder(2);
    BigintType.BIGINT.writeLong(builder, interval.start());
    BigintType.BIGINT.writeLong(builder, interval.end());
    return builder.build();
  }

  @ScalarFunction("td_time_add")
  @Description("A time and a duration after it")
  @SqlType(BIGINT)
  public static long timeAdd(@SqlType(BIGINT) long time, @SqlType(VARCHAR) Slice duration) {
    return Times.added(time, duration.toStringUtf8());
  }

  @ScalarFunction("td_time_add")
  @Description("A time and a duration after it")
  @SqlType(BIGINT)
  public static long timeAdd(
      @SqlType(BIGINT) long time, @SqlType(VARCHAR) Slice duration, @SqlType(VARCHAR) Slice zone) {
    return timeAdd(time, duration);
  }

  @ScalarFunction("td_time_add")
  @Description("A time and a duration after it")
  @SqlNullable
  @SqlType(BIGINT)
  public static Long timeAdd(@SqlType(VARCHAR) Slice time, @SqlType(VARCHAR) Slice duration) {
    return timeAdd(time, duration, UTC);
  }

  @ScalarFunction("td_time_add")
  @Description("A time and a duration after it")
  @SqlNullable
  @SqlType(BIGINT)
  public static Long timeAdd(
      @SqlType(VARCHAR) Slice time, @SqlType(VARCHAR) Slice duration, @SqlType(VARCHAR) Slice zone) {
    OptionalLong start = Times.parsed(time.toStringUtf8(), zone(zone));
    return start.isPresent() ? Times.added(start.getAsLong(), duration.toStringUtf8()) : null;
  }

  @ScalarFunction("td_time_parse")
  @Description("Seconds since 1970 of a text")
  @SqlNullable
  @SqlType(BIGINT)
  public static Long timeParse(@SqlType(VARCHAR) Slice text) {
    return timeParse(text, UTC);
  }

  @ScalarFunction("td_time_parse")
  @Description("Seconds since 1970 of a text")
  @SqlNullable
  @SqlType(BIGINT)
  public static Long timeParse(@SqlType(VARCHAR) Slice text, @SqlType(VARCHAR) Slice zone) {
    OptionalLong seconds = Times.parsed(text.toStringUtf8(), zone(zone));
    return seconds.isPresent() ? seconds.getAsLong() : null;
  }

  @ScalarFunction("td_time_format")
  @Description("A time by Java's SimpleDateFormat")
  @SqlType(VARCHAR)
  public static Slice timeFormat(@SqlType(BIGINT) long time, @SqlType(VARCHAR) Slice pattern) {
    return timeFormat(time, pattern, UTC);
  }

  @ScalarFunction("td_time_format")
  @Description("A time by Java's SimpleDateFormat")
  @SqlType(VARCHAR)
  public static Slice timeFormat(
      @SqlType(BIGINT) long time, @SqlType(VARCHAR) Slice pattern, @SqlType(VARCHAR) Slice zone) {
    ZonedDateTime at = Times.at(time, zone(zone));
    try {
      DateTimeFormatter formatter = DateTimeFormatter.ofPattern(pattern.toStringUtf8(), Locale.ENGLISH);
      return Slices.utf8Slice(formatter.format(at));
    } catch (IllegalArgumentException exception) {
      throw Times.invalid("Invalid time format " + pattern.toStringUtf8());
    }
  }

  @ScalarFunction("td_time_string")
  @Description("The start of a time's unit, whole, or with ! only as far as the unit")
  @SqlType(VARCHAR)
  public static Slice timeString(@SqlType(BIGINT) long time, @SqlType(VARCHAR) Slice form) {
    return timeString(time, form, UTC);
  }

  @ScalarFunction("td_time_string")
  @Description("The start of a time's unit, whole, or with ! only as far as the unit")
  @SqlType(VARCHAR)
  public static Slice timeString(
      @SqlType(BIGINT) long time, @SqlType(VARCHAR) Slice form, @SqlType(VARCHAR) Slice zone) {
    ZonedDateTime at = Times.at(time, zone(zone));
    String given = form.toStringUtf8();
    String unit = given.replaceFirst("!$", "");
    if (!SHOWN.containsKey(unit)) {
      throw Times.invalid("Invalid time form " + given);
    }
    ZonedDateTime start = Times.truncated(at, unit);
    String whole = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss").format(start);
    String offset = DateTimeFormatter.ofPattern("xx").format(start);
    return Slices.utf8Slice(given.endsWith("!") ? whole.substring(0, SHOWN.get(unit)) : whole + offset);
  }

  @ScalarFunction("td_date_trunc")
  @Description("The start of the unit that a time lies in")
  @SqlType(BIGINT)
  public static long dateTrunc(@SqlType(VARCHAR) Slice unit, @SqlType(BIGINT) long time) {
    return dateTrunc(unit, time, UTC);
  }

  @ScalarFunction("td_date_trunc")
  @Description("The start of the unit that a time lies in")
  @SqlType(BIGINT)
  public static long dateTrunc(
      @SqlType(VARCHAR) Slice unit, @SqlType(BIGINT) long time, @SqlType(VARCHAR) Slice zone) {
    return Times.truncated(Times.at(time, zone(zone)), Times.unit(unit.toStringUtf8())).toEpochSecond();
  }
}
