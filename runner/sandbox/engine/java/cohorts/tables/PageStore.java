package cohorts.tables;

import io.trino.spi.Page;
import io.trino.spi.StandardErrorCode;
import io.trino.spi.TrinoException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/** The rows that this process holds of a catalog's tables, as pages. */
final class PageStore {
  /** A page with its number; `gone` are the positions of deleted rows. Values that do not change. */
  record Stored(int number, Page page, BitSet gone) {}

  private final Map<Long, Map<Long, List<Stored>>> pages = new HashMap<>();
  private final long most;
  private long bytes;
  private int numbers;

  PageStore(long most) {
    this.most = most;
  }

  /** Room for so many bytes. It is taken before a page is kept, so that a query fails and not the process. */
  synchronized void take(long size) {
    if (bytes + size > most) {
      throw new TrinoException(
          StandardErrorCode.GENERIC_INSUFFICIENT_RESOURCES,
          "The engine's tables would hold more than " + most + " bytes: drop some, or start it with more memory");
    }
    bytes += size;
  }

  synchronized void giveBack(long size) {
    bytes -= size;
  }

  /** Keep pages whose room was taken. */
  synchronized void add(long table, long write, Collection<Page> more) {
    List<Stored> all = pages.computeIfAbsent(table, any -> new HashMap<>()).computeIfAbsent(write, any -> new ArrayList<>());
    for (Page page : more) {
      all.add(new Stored(numbers++, page, new BitSet()));
    }
  }

  synchronized List<Stored> read(long table, Collection<Long> writes) {
    Map<Long, List<Stored>> written = pages.getOrDefault(table, Map.of());
    List<Stored> found = new ArrayList<>();
    for (Long write : writes) {
      found.addAll(written.getOrDefault(write, List.of()));
    }
    return found;
  }

  /** Mark rows as deleted, by page number; returns how many were there until now. */
  synchronized long delete(long table, Map<Integer, BitSet> rows) {
    long deleted = 0;
    for (List<Stored> written : pages.getOrDefault(table, Map.of()).values()) {
      for (int index = 0; index < written.size(); index++) {
        Stored old = written.get(index);
        BitSet more = rows.get(old.number());
        if (more == null) {
          continue;
        }
        BitSet gone = (BitSet) old.gone().clone(); // whoever reads goes on with the old one
        gone.or(more);
        deleted += gone.cardinality() - old.gone().cardinality();
        written.set(index, new Stored(old.number(), old.page(), gone));
      }
    }
    return deleted;
  }

  synchronized void drop(long table) {
    pages.getOrDefault(table, Map.of()).values().forEach(this::forget);
    pages.remove(table);
  }

  synchronized void drop(long table, long write) {
    List<Stored> written = pages.getOrDefault(table, Map.of()).get(write);
    if (written != null) {
      forget(written);
      pages.get(table).remove(write);
    }
  }

  /** Forget tables that were dropped; what is younger than `table` may be one that the sender did not know. */
  synchronized void keep(Collection<Long> live, long table) {
    Iterator<Map.Entry<Long, Map<Long, List<Stored>>>> all = pages.entrySet().iterator();
    while (all.hasNext()) {
      Map.Entry<Long, Map<Long, List<Stored>>> entry = all.next();
      if (entry.getKey() < table && !live.contains(entry.getKey())) {
        entry.getValue().values().forEach(this::forget);
        all.remove();
      }
    }
  }

  private void forget(List<Stored> written) {
    written.forEach(stored -> bytes -= stored.page().getRetainedSizeInBytes());
  }
}
