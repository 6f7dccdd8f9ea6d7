package cohorts.tables;

import cohorts.tables.Handles.Writing;
import io.airlift.slice.Slice;
import io.trino.spi.HostAddress;
import io.trino.spi.Page;
import io.trino.spi.block.Block;
import io.trino.spi.block.LongArrayBlock;
import io.trino.spi.connector.ConnectorPageSink;
import io.trino.spi.type.Type;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** Takes a table's new rows on one node; `time` is filled in where it is missing or NULL. */
final class WriteSink implements ConnectorPageSink {
  private final PageStore store;
  private final HostAddress node;
  private final Writing writing;
  private final long now;
  private final List<Page> pages = new ArrayList<>();
  private long rows;

  WriteSink(PageStore store, HostAddress node, Writing writing, long now) {
    this.store = store;
    this.node = node;
    this.writing = writing;
    this.now = now;
  }

  @Override
  public CompletableFuture<?> appendPage(Page given) {
    Page page = kept(given.getLoadedPage());
    page.compact();
    store.take(page.getRetainedSizeInBytes());
    pages.add(page);
    rows += page.getPositionCount();
    return NOT_BLOCKED;
  }

  /** Blocks by the channels of their columns, which is not the order of the columns once one was added. */
  private Page kept(Page given) {
    List<Column> columns = writing.columns();
    Block[] blocks = new Block[columns.size()];
    for (int index = 0; index < blocks.length; index++) {
      Column column = columns.get(index);
      Optional<Block> block = index < given.getChannelCount() ? Optional.of(given.getBlock(index)) : Optional.empty();
      blocks[column.channel()] = column.isTime() ? times(given.getPositionCount(), block, index) : block.orElseThrow();
    }
    return new Page(given.getPositionCount(), blocks);
  }

  private Block times(int count, Optional<Block> given, int index) {
    long[] times = new long[count];
    for (int position = 0; position < count; position++) {
      boolean missing = given.isEmpty() || given.get().isNull(position);
      times[position] = missing ? now : type(index).getLong(given.get(), position);
    }
    return new LongArrayBlock(count, Optional.empty(), times);
  }

  private Type type(int index) {
    return writing.given().get(index);
  }

  @Override
  public CompletableFuture<Collection<Slice>> finish() {
    store.add(writing.table(), writing.write(), pages);
    return CompletableFuture.completedFuture(List.of(new Part(node, writing.write(), rows).fragment()));
  }

  @Override
  public void abort() {
    pages.forEach(page -> store.giveBack(page.getRetainedSizeInBytes()));
    pages.clear();
  }
}
