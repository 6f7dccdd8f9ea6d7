package cohorts.functions;

import io.trino.spi.StandardErrorCode;
import io.trino.spi.TrinoException;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Treasure Data's time arithmetic: zones, texts, durations and relative intervals, in seconds since 1970. */
final class Times {
  private static final Map<String, String> SHORT_ZONES =
      Map.of(
          "PST", "-08:00", "PDT", "-07:00", "MST", "-07:00", "MDT", "-06:00", "CST", "-06:00",
          "CDT", "-05:00", "EST", "-05:00", "EDT", "-04:00", "JST", "+09:00");

  /** The zone that holds where none is given; `z` of a pattern writes it as UTC. */
  static final ZoneId UTC = ZoneId.of("UTC");

  private static final Pattern DATE =
      Pattern.compile("(\\d{4})-(\\d\\d)-(\\d\\d)(?:[T ](\\d\\d):(\\d\\d)(?::(\\d\\d))?(?:\\.\\d+)?)?");

  private static final Pattern DURATION = Pattern.compile("([+-]?)(\\d+)([smhdwMqy])");

  private static final Map<String, Long> SECONDS = Map.of("s", 1L, "m", 60L, "h", 3600L, "d", 86400L, "w", 604800L);

  private static final Map<String, String> UNITS =
      Map.of(
          "second", "s", "minute", "m", "hour", "h", "day", "d", "week", "w", "month", "M", "quarter", "q", "year", "y");

  private Times() {}

  static TrinoException invalid(String message) {
    return new TrinoException(StandardErrorCode.INVALID_FUNCTION_ARGUMENT, message);
  }

  /** A zone by Treasure Data's short names, an offset or a region. */
  static ZoneId zone(String name) {
    try {
      return ZoneId.of(SHORT_ZONES.getOrDefault(name.toUpperCase(Locale.ROOT), name));
    } catch (DateTimeException exception) {
      throw invalid("Unknown time zone " + name);
    }
  }

  static ZonedDateTime at(long seconds, ZoneId zone) {
    return Instant.ofEpochSecond(seconds).atZone(zone);
  }

  /** Seconds of digits, or of a date and time, which may end in a zone of its own; empty where it is neither. */
  static OptionalLong parsed(String text, ZoneId zone) {
    if (text.matches("-?\\d{1,18}")) {
      return OptionalLong.of(Long.parseLong(text));
    }
    Matcher date = DATE.matcher(text);
    if (!date.lookingAt()) {
      return OptionalLong.empty();
    }
    String own = text.substring(date.end()).trim();
    try {
      return OptionalLong.of(moment(date).atZone(own.isEmpty() ? zone : zone(own)).toEpochSecond());
    } catch (DateTimeException exception) {
      return OptionalLong.empty();
    }
  }

  private static LocalDateTime moment(Matcher date) {
    int[] parts = new int[6];
    for (int index = 0; index < parts.length; index++) {
      String part = date.group(index + 1);
      parts[index] = part == null ? 0 : Integer.parseInt(part);
    }
    return LocalDateTime.of(parts[0], parts[1], parts[2], parts[3], parts[4], parts[5]);
  }

  /** TD_TIME_ADD: weeks, days, hours, minutes and seconds, also several in a row; their sign is the first one's. */
  static long added(long seconds, String duration) {
    Matcher part = DURATION.matcher(duration);
    int sign = duration.startsWith("-") ? -1 : 1;
    int end = 0;
    while (end < duration.length() && part.find(end) && part.start() == end && SECONDS.containsKey(part.group(3))) {
      seconds += sign * Long.parseLong(part.group(2)) * SECONDS.get(part.group(3));
      end = part.end();
    }
    if (end == 0 || end < duration.length()) {
      throw invalid("Invalid duration " + duration);
    }
    return seconds;
  }

  /** A unit's letter by its name. */
  static String unit(String name) {
    String letter = UNITS.get(name.toLowerCase(Locale.ROOT));
    if (letter == null) {
      throw invalid("Unknown unit " + name);
    }
    return letter;
  }

  /** The start of the unit that a moment lies in, by its zone's clock; weeks start on Monday. */
  static ZonedDateTime truncated(ZonedDateTime moment, String unit) {
    LocalDate day = moment.toLocalDate();
    LocalDate start =
        switch (unit) {
          case "s", "m", "h", "d" -> day;
          case "w" -> day.minusDays(day.getDayOfWeek().getValue() - 1L);
          case "M" -> day.withDayOfMonth(1);
          case "q" -> day.withMonth((day.getMonthValue() - 1) / 3 * 3 + 1).withDayOfMonth(1);
          case "y" -> day.withDayOfYear(1);
          default -> throw invalid("Unknown unit " + unit);
        };
    return switch (unit) {
      case "s" -> moment.truncatedTo(ChronoUnit.SECONDS);
      case "m" -> moment.truncatedTo(ChronoUnit.MINUTES);
      case "h" -> moment.truncatedTo(ChronoUnit.HOURS);
      default -> start.atStartOfDay(moment.getZone());
    };
  }

  private static ZonedDateTime shifted(ZonedDateTime moment, long count, String unit) {
    return switch (unit) {
      case "d" -> moment.plusDays(count); // by the calendar: a day may have 23 hours
      case "w" -> moment.plusWeeks(count);
      case "M" -> moment.plusMonths(count);
      case "q" -> moment.plusMonths(3 * count);
      case "y" -> moment.plusYears(count);
      default -> moment.plusSeconds(count * SECONDS.get(unit));
    };
  }

  /** From `start` on, before `end`. */
  record Interval(long start, long end) {
    private static Interval between(ZonedDateTime one, ZonedDateTime other) {
      return one.isBefore(other)
          ? new Interval(one.toEpochSecond(), other.toEpochSecond())
          : new Interval(other.toEpochSecond(), one.toEpochSecond());
    }
  }

  /** TD_INTERVAL's bounds. `-7d` ends where today starts; `/offset` moves the end; `-1h/now` reaches now. */
  static Interval interval(String text, long now, ZoneId zone) {
    String[] halves = text.split("/", 2);
    Matcher length = DURATION.matcher(halves[0]);
    if (!length.matches()) {
      throw invalid("Invalid interval " + text);
    }
    String unit = length.group(3);
    ZonedDateTime present = at(now, zone);
    ZonedDateTime end = halves.length == 1 ? truncated(present, unit) : offset(halves[1], present, unit);
    ZonedDateTime start = shifted(truncated(end, unit), count(length), unit);
    return Interval.between(end, start);
  }

  private static long count(Matcher duration) {
    return Long.parseLong(duration.group(1) + duration.group(2));
  }

  private static ZonedDateTime offset(String text, ZonedDateTime present, String unit) {
    if (text.equals("now")) {
      return present;
    }
    Matcher duration = DURATION.matcher(text);
    if (!duration.matches()) {
      long seconds = parsed(text, present.getZone()).orElseThrow(() -> invalid("Invalid interval offset " + text));
      return truncated(at(seconds, present.getZone()), unit);
    }
    String own = duration.group(3);
    ZonedDateTime start = truncated(present, own);
    ZonedDateTime moved = shifted(start, count(duration), own);
    return moved.isBefore(start) ? moved : start;
  }
}
