package io.mig.bench;

import io.mig.ctl.lab.LabMain;
import io.mig.testkit.GuestShell;
import io.mig.testkit.LabDriver;
import io.mig.testkit.Packages;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;

/**
 * {@code mig bench io [SIZE [RUNS]]}: files of node1 as node1 itself, a guest on node2, and sshfs
 * on node2 see them, over the same link, in one run. Prints medians.
 */
final class IoBench {
    static final String NATIVE = "native";
    static final String GUEST = "guest";
    static final String SSHFS = "sshfs";

    private static final String FOLDER = "/srv/bench";
    private static final String SOURCE = "libzstd";
    private static final Duration PATIENCE = Duration.ofMinutes(15);
    private static final int WARM_UP_MEBIBYTES = 32;

    private static final String UNTAR =
            "t=${EPOCHREALTIME/./}; tar -xf FOLDER/source.tar || exit 1; echo untar $((${EPOCHREALTIME/./} - t))e-6";
    private static final String COMPILE =
            "cd zstd*/lib && t=${EPOCHREALTIME/./}; make -j2 libzstd.a MOREFLAGS=-O1 ZSTD_LEGACY_SUPPORT=0 >/dev/null 2>../../log"
                    + " || { tail -n 3 ../../log >&2; exit 1; }; echo compile $((${EPOCHREALTIME/./} - t))e-6";

    private final LabDriver lab = new LabDriver(LabMain.home(), "benchio");
    private final Path home = LabMain.home();
    private final IoResults results = new IoResults();
    private final Map<String, Function<String, LabDriver.Answer>> places = new LinkedHashMap<>();
    private final int mebibytes;
    private final int runs;
    private final PrintStream out;

    private IoBench(int mebibytes, int runs, PrintStream out) {
        this.mebibytes = mebibytes;
        this.runs = runs;
        this.out = out;
    }

    /**
     * @param arguments size of the large file as 64M or 1G (1G), number of runs (3)
     */
    static boolean run(List<String> arguments, PrintStream out) {
        int size = arguments.isEmpty() ? 1024 : mebibytes(arguments.getFirst());
        int runs = arguments.size() < 2 ? 3 : Integer.parseInt(arguments.get(1));
        IoBench bench = new IoBench(size, runs, out);
        try (bench.lab) {
            bench.measure();
        }
        return true;
    }

    private static int mebibytes(String size) {
        int number = Integer.parseInt(size.replaceFirst("[MG]$", ""));
        return size.endsWith("G") ? number << 10 : number;
    }

    private void measure() {
        out.printf("load at the beginning: %s%n", load());
        Path sources = home.resolve("target/bench/sources");
        Optional<String> missing = Packages.source(home, sources, SOURCE);
        missing.ifPresent(why -> out.println("without untar and compile: " + why));
        lab.up(2);
        // not the node's overlay: the disk's own file system
        lab.sh(
                        "node1",
                        "mkdir -p /shared/of-node1 FOLDER && mount --bind /shared/of-node1 FOLDER"
                                .replace("FOLDER", FOLDER))
                .must();
        lab.write("node1", FOLDER + "/io.c", resource("io.c"));
        lab.sh("node1", "cd " + FOLDER + " && gcc -O2 -o io io.c").must();
        if (missing.isEmpty()) {
            String tar = sources.resolve(SOURCE + ".orig.tar").toString();
            // sshfs cannot set owner and times of symbolic links: what they name is packed
            lab.sh(
                            "node1",
                            "cd FOLDER && mkdir source && tar -C source -xf TAR && tar -C source -chf source.tar . && rm -r source"
                                    .replace("FOLDER", FOLDER)
                                    .replace("TAR", tar))
                    .must();
        }
        String address1 = address("node1");
        link(address1, address("node2"));
        GuestShell shell = new GuestShell(lab, FOLDER + "/shell", "");
        shell.move("node2");
        places.put(NATIVE, script -> lab.sh("node1", script.replace("FOLDER", FOLDER)));
        places.put(GUEST, script -> shell.run(script.replace("FOLDER", FOLDER), PATIENCE));
        Sshfs.mount(lab, home, FOLDER, address1)
                .ifPresentOrElse(
                        why -> out.println("without sshfs: " + why),
                        () ->
                                places.put(
                                        SSHFS,
                                        script ->
                                                lab.sh(
                                                        "node2",
                                                        script.replace("FOLDER", Sshfs.MOUNT))));
        out.println("without NFS and 9P: " + networkFileSystems());
        round("warm", WARM_UP_MEBIBYTES, 200, missing.isEmpty(), false);
        for (int run = 0; run < runs; run++) {
            round("run" + run, mebibytes, mebibytes < 256 ? 500 : 2000, missing.isEmpty(), true);
        }
        out.printf("%nmedians of %d, large file %d MiB%n", runs, mebibytes);
        results.print(out, new ArrayList<>(places.keySet()));
        goals();
        shell.close();
    }

    /** Each place gets a folder of its own, made at home, which it has never looked at. */
    private void round(String name, int size, int files, boolean source, boolean counts) {
        for (var place : places.entrySet()) {
            String folder = name + "-" + place.getKey();
            String work = "IO SIZE FILES".replace("SIZE FILES", size + " " + files);
            lab.sh(
                            "node1",
                            "mkdir FOLDER/NAME && cd FOLDER/NAME && mkdir tree && ../io prepare SIZE FILES && sync"
                                    .replace("FOLDER", FOLDER)
                                    .replace("NAME", folder)
                                    .replace("SIZE FILES", size + " " + files))
                    .must();
            take(
                    counts,
                    place.getKey(),
                    work.replace("IO", "cd FOLDER/" + folder + " && ../io measure"));
            if (source) {
                take(counts, place.getKey(), "cd FOLDER/" + folder + "/tree && " + UNTAR);
                take(counts, place.getKey(), "cd FOLDER/" + folder + "/tree && " + COMPILE);
            }
            lab.sh("node1", "rm -rf " + FOLDER + "/" + folder).must();
        }
    }

    private void take(boolean counts, String place, String script) {
        LabDriver.Answer said = Objects.requireNonNull(places.get(place)).apply(script);
        if (said.status() != 0) {
            throw new IllegalStateException("place=" + place + " script=" + script + " " + said);
        }
        if (counts) {
            results.add(place, said.out());
        }
    }

    /** One connection of the agents' transport, from node1 to node2, by JVMs with their options. */
    private void link(String address1, String address2) {
        String program =
                "exec JAVA -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xmx64m -XX:MaxDirectMemorySize=64m --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow -cp CLASSES io.mig.bench.LinkRate benchio "
                        .replace("JAVA", System.getProperty("java.home") + "/bin/java")
                        .replace("CLASSES", System.getProperty("java.class.path"));
        int size = Math.clamp(mebibytes, 64, 512);
        String sink = "node2 " + address2 + " node1 " + address1 + " " + size + " sink";
        lab.sh("node2", "(" + program + sink + ") </dev/null >/dev/null 2>/run/sink & ").must();
        String source = "node1 " + address1 + " node2 " + address2 + " " + size;
        results.add(
                "link",
                lab.sh("node1", program + source)
                        .must()
                        .lines()
                        .filter(l -> l.startsWith("link "))
                        .reduce("", (a, b) -> a + b + "\n")
                        .strip());
    }

    private void goals() {
        double link = results.median("link", "link");
        out.printf(
                "%none TLS connection of the transport: %,.0f MB/s; a guest's cold read is %.0f %% of that, its write %.0f %% (goal 80)%n",
                link,
                100 * results.median("read-cold", GUEST) / link,
                100 * results.median("write", GUEST) / link);
        for (String node : List.of("node1", "node2")) {
            String agent = lab.exec(node, "pgrep", "-o", "-f", "AgentMain").must();
            String resident =
                    lab.sh(
                                    node,
                                    "awk '/^VmRSS|^VmHWM/ {print $1, $2 / 1024}' /proc/"
                                            + agent
                                            + "/status")
                            .must();
            out.printf("agent of %s, MiB: %s%n", node, resident.replace("\n", " "));
        }
        out.printf("load at the end: %s%n", load());
    }

    /** Both need the kernel's client; nothing here tries them where they exist. */
    private static String networkFileSystems() {
        try {
            List<String> known =
                    Files.readAllLines(Path.of("/proc/filesystems")).stream()
                            .map(line -> line.replaceFirst("^nodev", "").strip())
                            .filter(List.of("nfs4", "9p")::contains)
                            .toList();
            return known.isEmpty()
                    ? "this kernel has no client for them"
                    : "this kernel has " + known + ", but this comparison does not use it";
        } catch (IOException e) {
            return "unknown: " + e.getMessage();
        }
    }

    private String address(String node) {
        return lab.sh(node, "ip -4 -o addr show dev eth0 | sed 's/.*inet //; s,/.*,,'").must();
    }

    private static String load() {
        try {
            return Files.readString(Path.of("/proc/loadavg")).strip()
                    + ", processors "
                    + Runtime.getRuntime().availableProcessors();
        } catch (IOException e) {
            return "unknown: " + e.getMessage();
        }
    }

    private static String resource(String name) {
        try (InputStream in =
                Objects.requireNonNull(IoBench.class.getResourceAsStream(name), name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new IllegalStateException("resource=" + name, e);
        }
    }
}
