package cohorts.functions;

import java.util.Set;

/** All functions that Treasure Data's documentation of its Trino has beside Trino's own. */
public final class TreasureDataFunctions {
  public static final Set<Class<?>> ALL =
      Set.of(
          TimeRange.class,
          TimeFunctions.class,
          TextFunctions.class,
          UserAgent.class,
          SessionizeWindow.class,
          NotHere.class);

  private TreasureDataFunctions() {}
}
