package cohorts.tables;

import io.airlift.slice.Slice;
import io.airlift.slice.Slices;
import io.trino.spi.Page;
import io.trino.spi.StandardErrorCode;
import io.trino.spi.TrinoException;
import io.trino.spi.block.Block;
import io.trino.spi.connector.ConnectorMergeSink;
import io.trino.spi.connector.MergePage;
import io.trino.spi.type.BigintType;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** Gathers which rows a DELETE found: for each page its number, the length of its bits, and the bits. */
final class DeleteSink implements ConnectorMergeSink {
  private final int columns;
  private final Map<Integer, BitSet> rows = new HashMap<>();

  DeleteSink(int columns) {
    this.columns = columns;
  }

  /** A row's number: that of its page, and its position there. */
  static long number(int page, int position) {
    return ((long) page << 32) | position;
  }

  @Override
  public void storeMergedRows(Page page) {
    MergePage changes = MergePage.createDeleteAndInsertPages(page, columns);
    if (changes.getInsertionsPage().isPresent()) {
      throw new TrinoException(StandardErrorCode.NOT_SUPPORTED, "The engine has no UPDATE and no MERGE");
    }
    changes.getDeletionsPage().ifPresent(this::mark);
  }

  private void mark(Page deletions) {
    Block numbers = deletions.getBlock(deletions.getChannelCount() - 1);
    for (int position = 0; position < deletions.getPositionCount(); position++) {
      long number = BigintType.BIGINT.getLong(numbers, position);
      rows.computeIfAbsent((int) (number >> 32), any -> new BitSet()).set((int) number);
    }
  }

  @Override
  public CompletableFuture<Collection<Slice>> finish() {
    return CompletableFuture.completedFuture(
        rows.entrySet().stream().map(page -> fragment(page.getKey(), page.getValue())).toList());
  }

  private static Slice fragment(int page, BitSet positions) {
    byte[] bits = positions.toByteArray();
    return Slices.wrappedBuffer(ByteBuffer.allocate(4 + bits.length).putInt(page).put(bits).array());
  }

  /** The rows that all sinks of a statement found, by page. */
  static Map<Integer, BitSet> rows(Collection<Slice> fragments) {
    Map<Integer, BitSet> found = new HashMap<>();
    for (Slice fragment : fragments) {
      ByteBuffer bytes = ByteBuffer.wrap(fragment.getBytes());
      found.computeIfAbsent(bytes.getInt(), any -> new BitSet()).or(BitSet.valueOf(bytes));
    }
    return found;
  }
}
