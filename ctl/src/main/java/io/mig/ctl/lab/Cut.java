package io.mig.ctl.lab;

import java.util.List;

/** A cut between two nodes; the smaller one comes first. */
record Cut(LabNode one, LabNode other) {
    static Cut between(LabNode a, LabNode b) {
        if (a.equals(b)) {
            throw new LabException("a cut needs two different nodes, given " + a + " twice");
        }
        return a.compareTo(b) < 0 ? new Cut(a, b) : new Cut(b, a);
    }

    static Cut parse(String line) {
        List<String> words = List.of(line.strip().split(" "));
        return between(LabNode.parse(words.get(0)), LabNode.parse(words.get(1)));
    }

    boolean touches(LabNode node) {
        return one.equals(node) || other.equals(node);
    }

    LabNode otherThan(LabNode node) {
        return one.equals(node) ? other : one;
    }

    @Override
    public String toString() {
        return one + " " + other;
    }
}
