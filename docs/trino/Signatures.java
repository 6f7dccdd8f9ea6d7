import io.trino.FeaturesConfig;
import io.trino.client.NodeVersion;
import io.trino.metadata.FunctionBundle;
import io.trino.metadata.SystemFunctionBundle;
import io.trino.spi.function.FunctionMetadata;
import io.trino.spi.function.LongVariableConstraint;
import io.trino.spi.function.Signature;
import io.trino.spi.function.TypeVariableConstraint;
import io.trino.spi.type.TypeOperators;
import io.trino.spi.type.TypeSignature;
import io.trino.type.BlockTypeOperators;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Writes runner/trino/functions-423.tsv: every function and operator of Trino's own bundle, as its FunctionMetadata
 * has it. SHOW FUNCTIONS tells neither operators, nor what a type variable must be, nor how a length is computed.
 *
 * <p>{@code javac -cp "JARS/*" Signatures.java && java -cp "JARS/*:." Signatures 423 > functions-423.tsv}, where JARS
 * is the folder of trino-main and what it needs, of the version that is named.
 */
public final class Signatures {
  private Signatures() {}

  public static void main(String[] arguments) {
    TypeOperators operators = new TypeOperators();
    FunctionBundle bundle =
        SystemFunctionBundle.create(
            new FeaturesConfig(), operators, new BlockTypeOperators(operators), new NodeVersion(arguments[0]));
    Map<String, List<String>> lines = new TreeMap<>();
    for (FunctionMetadata one : bundle.getFunctions()) {
      String name = one.getSignature().getName();
      boolean internal = name.startsWith("$") && !name.startsWith("$operator$");
      if (!internal && !name.equals("TRY_CAST")) {
        lines.computeIfAbsent(name, key -> new ArrayList<>()).add(line(one));
      }
    }
    System.out.println("# Trino " + arguments[0] + ": name, kind, returned, arguments, variables, NULL (n: taken)");
    lines.values().forEach(forms -> forms.forEach(System.out::println));
  }

  private static String line(FunctionMetadata one) {
    Signature signature = one.getSignature();
    String types =
        signature.getArgumentTypes().stream().map(TypeSignature::toString).collect(Collectors.joining("; "));
    return String.join(
        "\t",
        signature.getName().replace("$operator$", "$"),
        one.getKind().toString().toLowerCase(),
        signature.getReturnType().toString(),
        types + (signature.isVariableArity() ? "..." : ""),
        variables(signature),
        nulls(one, signature.getArgumentTypes().size()));
  }

  private static String variables(Signature signature) {
    List<String> found = new ArrayList<>();
    for (TypeVariableConstraint one : signature.getTypeVariableConstraints()) {
      StringBuilder words = new StringBuilder(one.getName());
      words.append(one.isComparableRequired() ? " comparable" : "");
      words.append(one.isOrderableRequired() ? " orderable" : "");
      one.getVariadicBound().ifPresent(base -> words.append(" base=").append(base));
      one.getCastableTo().forEach(type -> words.append(" to=").append(type));
      one.getCastableFrom().forEach(type -> words.append(" from=").append(type));
      found.add(words.toString());
    }
    for (LongVariableConstraint one : signature.getLongVariableConstraints()) {
      found.add(one.getName() + " := " + one.getExpression());
    }
    return String.join("; ", found);
  }

  private static String nulls(FunctionMetadata one, int count) {
    StringBuilder found = new StringBuilder();
    for (int i = 0; i < count; i++) {
      found.append(one.getFunctionNullability().isArgumentNullable(i) ? "n" : "-");
    }
    return found.toString();
  }
}
