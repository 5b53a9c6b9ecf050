package io.mig.model;

import java.util.regex.Pattern;

/**
 * The name of a node, unique in its cluster: a host label of RFC 1123.
 *
 * @param name lower case letters, digits and hyphens, at most 63
 */
public record NodeId(String name) implements Comparable<NodeId> {
    private static final Pattern FORM = Pattern.compile("[a-z0-9][a-z0-9-]{0,62}");

    public NodeId {
        if (!FORM.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "node name="
                            + (name.length() > 80 ? name.substring(0, 80) : name)
                            + " is not of the form [a-z0-9][a-z0-9-]{0,62}");
        }
    }

    @Override
    public int compareTo(NodeId other) {
        return name.compareTo(other.name);
    }

    @Override
    public String toString() {
        return name;
    }
}
