package cohorts.functions;

import io.airlift.slice.Slice;
import io.airlift.slice.Slices;
import io.trino.spi.function.Description;
import io.trino.spi.function.LiteralParameters;
import io.trino.spi.function.ScalarFunction;
import io.trino.spi.function.SqlNullable;
import io.trino.spi.function.SqlType;
import io.trino.spi.type.StandardTypes;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** TD_MD5 and TD_URL_DECODE. */
public final class TextFunctions {
  private TextFunctions() {}

  @ScalarFunction("td_md5")
  @Description("The MD5 digest of a text, in hexadecimal digits")
  @SqlType(StandardTypes.VARCHAR)
  public static Slice md5(@SqlType(StandardTypes.VARCHAR) Slice text) {
    try {
      byte[] digest = MessageDigest.getInstance("MD5").digest(text.getBytes());
      return Slices.utf8Slice(HexFormat.of().formatHex(digest));
    } catch (NoSuchAlgorithmException exception) {
      throw new IllegalStateException(exception);
    }
  }

  @ScalarFunction("td_url_decode")
  @Description("A text without URL encoding; NULL where it has a wrong one")
  @SqlNullable
  @SqlType(StandardTypes.VARCHAR)
  public static Slice urlDecode(@SqlType(StandardTypes.VARCHAR) Slice text) {
    try {
      return Slices.utf8Slice(URLDecoder.decode(text.toStringUtf8(), StandardCharsets.UTF_8));
    } catch (IllegalArgumentException exception) {
      return null;
    }
  }
}
