package cohorts.tables;

import io.trino.spi.Page;
import io.trino.spi.block.Block;
import io.trino.spi.block.LongArrayBlock;
import io.trino.spi.block.RunLengthEncodedBlock;
import io.trino.spi.connector.ConnectorPageSource;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** Reads some columns of some pages, without the rows that were deleted. */
final class TableSource implements ConnectorPageSource {
  private final Iterator<PageStore.Stored> pages;
  private final List<Column> columns;
  private long bytes;

  TableSource(List<PageStore.Stored> pages, List<Column> columns) {
    this.pages = pages.iterator();
    this.columns = columns;
  }

  @Override
  public Page getNextPage() {
    if (!pages.hasNext()) {
      return null;
    }
    PageStore.Stored stored = pages.next();
    Block[] blocks = columns.stream().map(column -> block(stored, column)).toArray(Block[]::new);
    Page page = new Page(stored.page().getPositionCount(), blocks);
    bytes += page.getSizeInBytes();
    return stored.gone().isEmpty() ? page : left(stored, page);
  }

  private static Block block(PageStore.Stored stored, Column column) {
    int count = stored.page().getPositionCount();
    if (column.channel() < 0) {
      long[] numbers = IntStream.range(0, count).mapToLong(each -> DeleteSink.number(stored.number(), each)).toArray();
      return new LongArrayBlock(count, Optional.empty(), numbers);
    }
    if (column.channel() < stored.page().getChannelCount()) {
      return stored.page().getBlock(column.channel());
    }
    // written before the column was added
    Block none = column.type().createBlockBuilder(null, 1).appendNull().build();
    return RunLengthEncodedBlock.create(none, count);
  }

  private static Page left(PageStore.Stored stored, Page page) {
    int[] left = IntStream.range(0, page.getPositionCount()).filter(each -> !stored.gone().get(each)).toArray();
    return page.getPositions(left, 0, left.length);
  }

  @Override
  public boolean isFinished() {
    return !pages.hasNext();
  }

  @Override
  public long getCompletedBytes() {
    return bytes;
  }

  @Override
  public long getReadTimeNanos() {
    return 0;
  }

  @Override
  public long getMemoryUsage() {
    return 0;
  }

  @Override
  public void close() {}
}
