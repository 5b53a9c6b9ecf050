package io.mig.balance.policy;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;

/**
 * {@code mig policy} for files: what is wrong with one, what it means with all defaults, what
 * changes from one to another. Nothing is put in force here.
 */
public final class PolicyMain {
    private static final String USAGE =
            """
            usage: mig policy check FILE      problems with line, column and remedy; exit status 1 when there are any
                   mig policy show FILE       all settings that it means, defaults among them
                   mig policy diff OLD NEW    what changes in effect; exit status 1 when anything does
                   mig policy get [KEY]       what is in force on this node
                   mig policy set KEY VALUE   changes this node's file; in force at once
            """;

    private PolicyMain() {}

    public static void main(String[] args) {
        System.exit(run(List.of(args), System.out, System.err));
    }

    /**
     * Answers one question.
     *
     * @return 0; 1 as the usage says; 2 when the arguments or files cannot be used
     */
    public static int run(List<String> args, PrintStream out, PrintStream err) {
        try {
            if (args.size() == 2 && args.getFirst().equals("check")) {
                return check(args.get(1), out, err);
            }
            if (args.size() == 2 && args.getFirst().equals("show")) {
                PolicySettings.all(policy(args.get(1)))
                        .forEach((key, value) -> out.println(key + " = " + value));
                return 0;
            }
            if (args.size() == 3 && args.getFirst().equals("diff")) {
                List<PolicySettings.Change> changes =
                        PolicySettings.diff(policy(args.get(1)), policy(args.get(2)));
                changes.forEach(out::println);
                return changes.isEmpty() ? 0 : 1;
            }
            err.print(USAGE);
        } catch (NoSuchFileException e) {
            err.println("mig policy: there is no file " + e.getFile());
        } catch (MalformedInputException e) {
            err.println("mig policy: a file is not text in UTF-8");
        } catch (IOException e) {
            err.println("mig policy: a file cannot be read: " + e.getMessage());
        } catch (PolicyException e) {
            err.println(e.getMessage());
        }
        return 2;
    }

    private static int check(String file, PrintStream out, PrintStream err) throws IOException {
        List<Problem> problems = PolicyFile.check(Files.readString(Path.of(file)));
        problems.forEach(problem -> err.println(file + ": " + problem));
        if (problems.isEmpty()) {
            out.println(file + ": no problems");
        }
        return problems.isEmpty() ? 0 : 1;
    }

    private static Policy policy(String file) throws IOException {
        return PolicyFile.parse(Files.readString(Path.of(file)));
    }
}
