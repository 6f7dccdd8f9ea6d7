package cohorts.functions;

import io.airlift.slice.Slice;
import io.trino.spi.StandardErrorCode;
import io.trino.spi.TrinoException;
import io.trino.spi.block.Block;
import io.trino.spi.function.Description;
import io.trino.spi.function.ScalarFunction;
import io.trino.spi.function.SqlType;
import io.trino.spi.type.StandardTypes;

/** Functions whose answers come from data or rules that Treasure Data does not publish: each fails and says so. */
public final class NotHere {
  private static final String VARCHAR = StandardTypes.VARCHAR;
  private static final String DOUBLE = StandardTypes.DOUBLE;
  private static final String NO_ANSWER = "Known, with no answer outside Treasure Data";
  private static final String GEO = "its geographic data";
  private static final String RATES = "its exchange rates";
  private static final String AGENTS = "its list of user agents";
  private static final String CHARSETS = "which encodings it takes by a locale";
  private static final String DIGEST = "how the digest is computed";

  private NotHere() {}

  private static TrinoException notHere(String function, String what) {
    return new TrinoException(
        StandardErrorCode.NOT_SUPPORTED,
        "This engine cannot tell what " + function + " answers: Treasure Data does not publish " + what);
  }

  @ScalarFunction("td_ip_to_country_code")
  @Description(NO_ANSWER)
  @SqlType(VARCHAR)
  public static Slice tdIpToCountryCode(@SqlType(VARCHAR) Slice a) {
    throw notHere("TD_IP_TO_COUNTRY_CODE", GEO);
  }

  @ScalarFunction("td_ip_to_country_name")
  @Description(NO_ANSWER)
  @SqlType(VARCHAR)
  public static Slice tdIpToCountryName(@SqlType(VARCHAR) Slice a) {
    throw notHere("TD_IP_TO_COUNTRY_NAME", GEO);
  }

  @ScalarFunction("td_ip_to_city_name")
  @Description(NO_ANSWER)
  @SqlType(VARCHAR)
  public static Slice tdIpToCityName(@SqlType(VARCHAR) Slice a) {
    throw notHere("TD_IP_TO_CITY_NAME", GEO);
  }

  @ScalarFunction("td_ip_to_latitude")
  @Description(NO_ANSWER)
  @SqlType(VARCHAR)
  public static Slice tdIpToLatitude(@SqlType(VARCHAR) Slice a) {
    throw notHere("TD_IP_TO_LATITUDE", GEO);
  }

  @ScalarFunction("td_ip_to_longitude")
  @Description(NO_ANSWER)
  @SqlType(VARCHAR)
  public static Slice tdIpToLongitude(@SqlType(VARCHAR) Slice a) {
    throw notHere("TD_IP_TO_LONGITUDE", GEO);
  }

  @ScalarFunction("td_ip_to_connection_type")
  @Description(NO_ANSWER)
  @SqlType(VARCHAR)
  public static Slice tdIpToConnectionType(@SqlType(VARCHAR) Slice a) {
    throw notHere("TD_IP_TO_CONNECTION_TYPE", GEO);
  }

  @ScalarFunction("td_ip_to_domain")
  @Description(NO_ANSWER)
  @SqlType(VARCHAR)
  public static Slice tdIpToDomain(@SqlType(VARCHAR) Slice a) {
    throw notHere("TD_IP_TO_DOMAIN", GEO);
  }

  @ScalarFunction("td_ip_to_time_zone")
  @Description(NO_ANSWER)
  @SqlType(VARCHAR)
  public static Slice tdIpToTimeZone(@SqlType(VARCHAR) Slice a) {
    throw notHere("TD_IP_TO_TIME_ZONE", GEO);
  }

  @ScalarFunction("td_ip_to_postal_code")
  @Description(NO_ANSWER)
  @SqlType(VARCHAR)
  public static Slice tdIpToPostalCode(@SqlType(VARCHAR) Slice a) {
    throw notHere("TD_IP_TO_POSTAL_CODE", GEO);
  }

  @ScalarFunction("td_ip_to_metro_code")
  @Description(NO_ANSWER)
  @SqlType(VARCHAR)
  public static Slice tdIpToMetroCode(@SqlType(VARCHAR) Slice a) {
    throw notHere("TD_IP_TO_METRO_CODE", GEO);
  }

  @ScalarFunction("td_ip_to_most_specific_subdivision_name")
  @Description(NO_ANSWER)
  @SqlType(VARCHAR)
  public static Slice tdIpToMostSpecificSubdivisionName(@SqlType(VARCHAR) Slice a) {
    throw notHere("TD_IP_TO_MOST_SPECIFIC_SUBDIVISION_NAME", GEO);
  }

  @ScalarFunction("td_ip_to_least_specific_subdivision_name")
  @Description(NO_ANSWER)
  @SqlType(VARCHAR)
  public static Slice tdIpToLeastSpecificSubdivisionName(@SqlType(VARCHAR) Slice a) {
    throw notHere("TD_IP_TO_LEAST_SPECIFIC_SUBDIVISION_NAME", GEO);
  }

  @ScalarFunction("td_ip_to_subdivision_names")
  @Description(NO_ANSWER)
  @SqlType("array(varchar)")
  public static Block tdIpToSubdivisionNames(@SqlType(VARCHAR) Slice a) {
    throw notHere("TD_IP_TO_SUBDIVISION_NAMES", GEO);
  }

  @ScalarFunction("td_lat_long_to_country")
  @Description(NO_ANSWER)
  @SqlType(VARCHAR)
  public static Slice tdLatLongToCountry(@SqlType(VARCHAR) Slice a, @SqlType(DOUBLE) double b, @SqlType(DOUBLE) double c) {
    throw notHere("TD_LAT_LONG_TO_COUNTRY", GEO);
  }

  @ScalarFunction("td_currency_conv")
  @Description(NO_ANSWER)
  @SqlType(VARCHAR)
  public static Slice tdCurrencyConv(@SqlType(VARCHAR) Slice a, @SqlType(VARCHAR) Slice b, @SqlType(VARCHAR) Slice c, @SqlType(DOUBLE) double d) {
    throw notHere("TD_CURRENCY_CONV", RATES);
  }

  @ScalarFunction("td_parse_user_agent")
  @Description(NO_ANSWER)
  @SqlType(VARCHAR)
  public static Slice tdParseUserAgent(@SqlType(VARCHAR) Slice a) {
    throw notHere("TD_PARSE_USER_AGENT", AGENTS);
  }

  @ScalarFunction("td_parse_user_agent")
  @Description(NO_ANSWER)
  @SqlType(VARCHAR)
  public static Slice tdParseUserAgent(@SqlType(VARCHAR) Slice a, @SqlType(VARCHAR) Slice b) {
    throw notHere("TD_PARSE_USER_AGENT", AGENTS);
  }

  @ScalarFunction("td_url_decode")
  @Description(NO_ANSWER)
  @SqlType(VARCHAR)
  public static Slice tdUrlDecode(@SqlType(VARCHAR) Slice a, @SqlType(VARCHAR) Slice b) {
    throw notHere("TD_URL_DECODE", CHARSETS);
  }

  @ScalarFunction("smart_digest")
  @Description(NO_ANSWER)
  @SqlType(VARCHAR)
  public static Slice smartDigest(@SqlType(VARCHAR) Slice a) {
    throw notHere("SMART_DIGEST", DIGEST);
  }

  @ScalarFunction("smart_digest")
  @Description(NO_ANSWER)
  @SqlType(VARCHAR)
  public static Slice smartDigest(@SqlType(VARCHAR) Slice a, @SqlType(DOUBLE) double b) {
    throw notHere("SMART_DIGEST", DIGEST);
  }
}
