package io.mig.balance.decide;

/** Why a process is not moved, or not to that node. Closed: there is no other reason. */
public enum WhyNot {
    SAME_NODE("it is there already"),
    NODE_DEAD("the node is dead"),
    NODE_SUSPECT("the node does not answer at the moment"),
    FACTS_TOO_OLD("nothing was heard of the node's load for too long"),
    CORDONED("the node is cordoned"),
    DRAINING("the node is being emptied"),
    OWNER_PRESENT("the node's owner is at work"),
    DISK_FULL("the node's disk is full"),
    NOT_TRUSTED("the node gives its guests much less speed than it tells of"),
    TOO_MANY_GUESTS("the node has as many guests as it may have"),
    NO_MEMORY("the node has too little free memory"),
    RESERVED("the node's processors are reserved"),
    MISSING_FEATURE("the node lacks what the program needs"),
    RULE_ONLY("a rule names other nodes only"),
    RULE_NEVER("a rule excludes the node"),
    NOT_ACCEPTED("the node's accept_when does not hold"),
    PINNED("it is pinned to its node"),
    CANNOT_MOVE("it cannot be moved"),
    TOO_YOUNG_HERE("it has been on its node for too short a time"),
    TOO_MANY_MOVES("it has moved as often as it may in an hour"),
    WOULD_RETURN("it left that node a short time ago"),
    PAUSE_TOO_LONG("the move would freeze it longer than it puts up with"),
    NOT_NOW("its move_when does not hold"),
    NO_GAIN("it would not run faster there"),
    GAIN_TOO_SMALL("the gain is below the minimum improvement"),
    COST_TOO_HIGH("the move costs more than it can be expected to save"),
    CLUSTER_WORSE("others would lose more than it gains"),
    LAST_PLACE("it has a processor, and would take the last free one there"),
    DIAL_ONE("dial 1 makes only mandatory moves"),
    HOLDING("the imbalance has not lasted long enough yet"),
    OTHERS_FIRST("others are moved first"),
    FILLED_UP("the node is as full as packing allows");

    private final String words;

    WhyNot(String words) {
        this.words = words;
    }

    /** For people. */
    public String words() {
        return words;
    }
}
