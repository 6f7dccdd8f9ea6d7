package cohorts.functions;

import io.airlift.slice.Slices;
import io.trino.spi.block.BlockBuilder;
import io.trino.spi.function.ValueWindowFunction;
import io.trino.spi.function.WindowFunctionSignature;
import io.trino.spi.type.StandardTypes;
import io.trino.spi.type.VarcharType;
import java.util.List;
import java.util.UUID;

/** TD_SESSIONIZE_WINDOW(time, seconds) OVER (…): a new random name after each gap of at least so many seconds. */
@WindowFunctionSignature(
    name = "td_sessionize_window",
    returnType = StandardTypes.VARCHAR,
    argumentTypes = {StandardTypes.BIGINT, StandardTypes.BIGINT})
public final class SessionizeWindow extends ValueWindowFunction {
  private final int time;
  private final int timeout;
  private String session;
  private long last;

  public SessionizeWindow(List<Integer> channels) {
    time = channels.get(0);
    timeout = channels.get(1);
  }

  @Override
  public void reset() {
    session = null;
  }

  @Override
  public void processRow(BlockBuilder output, int frameStart, int frameEnd, int position) {
    if (windowIndex.isNull(time, position) || windowIndex.isNull(timeout, position)) {
      output.appendNull();
      return;
    }
    long now = windowIndex.getLong(time, position);
    if (session == null || now - last >= windowIndex.getLong(timeout, position)) {
      session = UUID.randomUUID().toString();
    }
    last = now;
    VarcharType.VARCHAR.writeSlice(output, Slices.utf8Slice(session));
  }
}
