package io.mig.balance.sim;

/** Who decides where programs run. */
public enum Strategy {
    NONE("none", "all programs run where they are started"),
    RANDOM("random", "new programs start on a random node"),
    ROUND_ROBIN("round robin", "new programs start on the nodes in turn"),
    PLACEMENT("placement only", "new programs are placed by our rules, nothing moves"),
    OURS("mig", "new programs are placed and processes are moved by our rules"),
    KNOWING(
            "all-knowing",
            "clairvoyant on the same cluster: nodes, forks, lines and freezes are as they are, but"
                    + " it knows the load of all nodes at each moment and how long each program"
                    + " still needs, and looks every 100 ms"),
    FAIR(
            "fair bound",
            "all processors are one machine that all programs share evenly; knows everything at"
                    + " once, moves cost nothing"),
    CLAIRVOYANT(
            "clairvoyant",
            "as before, and knows how long each program still needs: short ones first, on the"
                    + " fastest processors");

    private final String words;
    private final String explanation;

    Strategy(String words, String explanation) {
        this.words = words;
        this.explanation = explanation;
    }

    public String words() {
        return words;
    }

    public String explanation() {
        return explanation;
    }

    /** Whether programs are moved while they run. */
    boolean moves() {
        return this == OURS || this == KNOWING;
    }

    /** Whether it is a bound that no real cluster reaches. */
    public boolean isBound() {
        return this == FAIR || this == CLAIRVOYANT;
    }
}
