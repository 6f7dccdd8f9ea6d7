package cohorts.functions;

import io.airlift.slice.Slice;
import io.airlift.slice.Slices;
import io.trino.spi.block.Block;
import io.trino.spi.function.Description;
import io.trino.spi.function.ScalarFunction;
import io.trino.spi.function.SqlType;
import io.trino.spi.function.TypeParameter;
import io.trino.spi.type.MapType;
import io.trino.spi.type.StandardTypes;
import io.trino.spi.type.VarcharType;
import is.tagomor.woothee.Classifier;
import java.util.Map;
import java.util.TreeMap;

/** TD_PARSE_AGENT, by the library Woothee, as Treasure Data documents it. */
public final class UserAgent {
  private static final String TEXTS = "map(varchar,varchar)";

  private UserAgent() {}

  @ScalarFunction("td_parse_agent")
  @Description("What a user agent is: os, os_version, vendor, name, version, category")
  @SqlType(TEXTS)
  public static Block parse(@TypeParameter(TEXTS) MapType type, @SqlType(StandardTypes.VARCHAR) Slice agent) {
    Map<String, String> found = new TreeMap<>(Classifier.parse(agent.toStringUtf8()));
    var builder = type.createBlockBuilder(null, 1);
    builder.buildEntry(
        (keys, values) ->
            found.forEach(
                (key, value) -> {
                  VarcharType.VARCHAR.writeSlice(keys, Slices.utf8Slice(key));
                  VarcharType.VARCHAR.writeSlice(values, Slices.utf8Slice(value));
                }));
    return type.getObject(builder.build(), 0);
  }
}
