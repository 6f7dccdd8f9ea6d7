package cohorts;

import com.google.inject.AbstractModule;
import com.google.inject.matcher.AbstractMatcher;
import com.google.inject.matcher.Matchers;
import io.trino.Session;
import io.trino.server.SessionSupplier;
import java.lang.reflect.Method;
import java.time.Instant;
import java.util.Optional;
import org.aopalliance.intercept.MethodInvocation;

/**
 * The two times of a query, which its trace token carries as {@code SCHEDULED} or {@code SCHEDULED/NOW}, in seconds.
 *
 * <p>TD_SCHEDULED_TIME() answers the first. The second becomes the session's start, which NOW() and CURRENT_DATE
 * answer; Trino has no header for it, so the session is replaced where it is made.
 */
public final class SessionTime extends AbstractModule {
  @Override
  protected void configure() {
    bindInterceptor(Matchers.subclassesOf(SessionSupplier.class), new Named("createSession"), SessionTime::started);
  }

  /** When the query was scheduled: what its token says, else when it started. */
  public static long scheduled(Optional<String> token, Instant start) {
    return token.map(text -> Long.parseLong(text.split("/")[0])).orElseGet(start::getEpochSecond);
  }

  private static Object started(MethodInvocation call) throws Throwable {
    if (!(call.proceed() instanceof Session session)) {
      throw new IllegalStateException("no session was made");
    }
    String[] times = session.getTraceToken().orElse("").split("/");
    if (times.length < 2) {
      return session;
    }
    double seconds = Double.parseDouble(times[1]);
    return Session.builder(session).setStart(Instant.ofEpochMilli(Math.round(seconds * 1000))).build();
  }

  /** Methods of one name, as they were written: not the bridges that the compiler adds. */
  private static final class Named extends AbstractMatcher<Method> {
    private final String name;

    private Named(String name) {
      this.name = name;
    }

    @Override
    public boolean matches(Method method) {
      return method.getName().equals(name) && !method.isSynthetic();
    }
  }
}
