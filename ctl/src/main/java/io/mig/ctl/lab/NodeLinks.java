package io.mig.ctl.lab;

import io.mig.ctl.host.HostCommand;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Limits and cuts of the nodes' links. Remembered in the lab's folder, so that a node that is
 * started again finds its network as it was.
 */
final class NodeLinks {
    /**
     * Nobody has it: packets to it are dropped by every receiver, without an error for the sender.
     */
    private static final String NOBODY = "02:00:00:00:ff:ff";

    private final LabPlace place;
    private final NodeShell shell;

    NodeLinks(LabPlace place, NodeShell shell) {
        this.place = place;
        this.shell = shell;
    }

    Optional<Rate> rate(LabNode node) {
        try {
            return Files.exists(place.rateFile(node))
                    ? Optional.of(Rate.parse(Files.readString(place.rateFile(node)).strip()))
                    : Optional.empty();
        } catch (IOException e) {
            throw new LabException(
                    "cannot read " + place.rateFile(node) + ": " + e.getMessage(), e);
        }
    }

    /**
     * What the node sends is limited at its own end of the cable, what it receives at the bridge's
     * end.
     */
    void limit(LabNode node, Optional<Rate> rate) {
        shell.run(node, List.of("tc", "qdisc", "del", "dev", "eth0", "root"));
        HostCommand.run(atBridge("tc", "qdisc", "del", "dev", node.port(), "root"));
        try {
            if (rate.isEmpty()) {
                Files.deleteIfExists(place.rateFile(node));
                return;
            }
            List<String> out =
                    new ArrayList<>(List.of("tc", "qdisc", "add", "dev", "eth0", "root"));
            List<String> in =
                    new ArrayList<>(List.of("tc", "qdisc", "add", "dev", node.port(), "root"));
            out.addAll(List.of(rate.get().tokenBucket()));
            in.addAll(List.of(rate.get().tokenBucket()));
            shell.must(node, out.toArray(String[]::new));
            HostCommand.must(atBridge(in.toArray(String[]::new)));
            Files.writeString(place.rateFile(node), rate.get().toString());
        } catch (IOException e) {
            throw new LabException(
                    "cannot remember the rate of " + node + ": " + e.getMessage(), e);
        }
    }

    List<Cut> cuts() {
        try {
            return Files.exists(place.cutsFile())
                    ? Files.readAllLines(place.cutsFile()).stream().map(Cut::parse).toList()
                    : List.of();
        } catch (IOException e) {
            throw new LabException("cannot read " + place.cutsFile() + ": " + e.getMessage(), e);
        }
    }

    void cut(Cut cut) {
        List<Cut> cuts = new ArrayList<>(cuts());
        if (!cuts.contains(cut)) {
            cuts.add(cut);
        }
        remember(cuts);
        apply(cut.one(), cut.other());
        apply(cut.other(), cut.one());
    }

    void heal() {
        for (Cut cut : cuts()) {
            undo(cut.one(), cut.other());
            undo(cut.other(), cut.one());
        }
        remember(List.of());
    }

    /** After a boot. */
    void restore(LabNode node) {
        Optional<Rate> rate = rate(node);
        if (rate.isPresent()) {
            limit(node, rate);
        }
        cuts().stream()
                .filter(cut -> cut.touches(node))
                .forEach(cut -> apply(node, cut.otherThan(node)));
    }

    private void apply(LabNode node, LabNode unreachable) {
        if (place.init(node).isPresent()) {
            String address = Subnet.of(place.name()).address(unreachable);
            shell.must(
                    node,
                    "ip",
                    "neigh",
                    "replace",
                    address,
                    "lladdr",
                    NOBODY,
                    "dev",
                    "eth0",
                    "nud",
                    "permanent");
        }
    }

    private void undo(LabNode node, LabNode unreachable) {
        if (place.init(node).isPresent()) {
            shell.run(
                    node,
                    List.of(
                            "ip",
                            "neigh",
                            "del",
                            Subnet.of(place.name()).address(unreachable),
                            "dev",
                            "eth0"));
        }
    }

    private void remember(List<Cut> cuts) {
        try {
            Files.writeString(
                    place.cutsFile(),
                    String.join("", cuts.stream().map(cut -> cut + "\n").toList()));
        } catch (IOException e) {
            throw new LabException("cannot write " + place.cutsFile() + ": " + e.getMessage(), e);
        }
    }

    private List<String> atBridge(String... command) {
        HostProcess holder =
                place.holder()
                        .orElseThrow(() -> new LabException("lab " + place.name() + " is not up"));
        List<String> line =
                new ArrayList<>(List.of("nsenter", "-t", Long.toString(holder.pid()), "-n", "--"));
        line.addAll(List.of(command));
        return line;
    }
}
