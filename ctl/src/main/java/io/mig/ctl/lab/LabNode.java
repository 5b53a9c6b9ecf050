package io.mig.ctl.lab;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A node of a lab, by its number; everything else about it follows from that.
 *
 * @param number 1 to {@value #MOST}
 */
public record LabNode(int number) implements Comparable<LabNode> {
    /** Most nodes of one lab: each has a pid range of its own below the smallest pid_max, 32768. */
    public static final int MOST = 16;

    private static final int PIDS = 2_000;
    private static final Pattern NAME = Pattern.compile("(?:node)?([1-9][0-9]?)");

    public LabNode {
        if (number < 1 || number > MOST) {
            throw new LabException("node" + number + " cannot be: a lab has node1 to node" + MOST);
        }
    }

    /** Reads {@code node2} or {@code 2}. */
    public static LabNode parse(String text) {
        Matcher matcher = NAME.matcher(text);
        if (!matcher.matches()) {
            throw new LabException("\"" + text + "\" is no node of a lab; write node1, node2, ...");
        }
        return new LabNode(Integer.parseInt(matcher.group(1)));
    }

    /** Its host name. */
    public String name() {
        return "node" + number;
    }

    /** The bridge's end of its cable. */
    String port() {
        return "v" + number;
    }

    String mac() {
        return String.format("02:00:00:00:00:%02x", number);
    }

    /** The kernel hands out pids from here on, so that no two nodes start with the same ones. */
    int lastPid() {
        return number * PIDS;
    }

    @Override
    public int compareTo(LabNode other) {
        return Integer.compare(number, other.number);
    }

    @Override
    public String toString() {
        return name();
    }
}
