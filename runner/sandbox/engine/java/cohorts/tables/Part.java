package cohorts.tables;

import io.airlift.slice.Slice;
import io.airlift.slice.Slices;
import io.trino.spi.HostAddress;
import java.util.Collection;
import java.util.List;

/** What one statement wrote on one node: the node, the number of the writing, and how many rows. */
record Part(HostAddress node, long write, long rows) {
  /** As a writer tells the coordinator. */
  Slice fragment() {
    return Slices.utf8Slice(node + " " + write + " " + rows);
  }

  static List<Part> of(Collection<Slice> fragments) {
    return fragments.stream().map(Part::of).filter(part -> part.rows > 0).toList();
  }

  private static Part of(Slice fragment) {
    String[] words = fragment.toStringUtf8().split(" ");
    return new Part(HostAddress.fromString(words[0]), Long.parseLong(words[1]), Long.parseLong(words[2]));
  }
}
