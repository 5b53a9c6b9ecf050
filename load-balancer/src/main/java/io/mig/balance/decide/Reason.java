package io.mig.balance.decide;

/** Why a process is moved. Closed: there is no other reason. */
public enum Reason {
    SATISFY_RULE(true, "a rule of the policy forbids it to be where it is"),
    NODE_DRAINING(true, "its node is being emptied"),
    OWNER_RETURNED(true, "the owner of its node is back"),
    SATISFY_RESERVATION(true, "its node has more guests than it may have"),
    MEMORY_SHORT(true, "its node runs out of memory"),
    BRING_BACK(false, "the node it had to leave takes processes again"),
    BALANCE_CPU(false, "too many programs share the processors of its node"),
    BALANCE_MEMORY(false, "memory is used much less elsewhere"),
    FASTER_NODE(false, "a faster processor is free"),
    NEAR_FILES(false, "it works with files of its home node"),
    NEAR_PARTNERS(false, "the programs it talks to are there"),
    CONSOLIDATE(false, "its node can be emptied and switched off");

    private final boolean mandatory;
    private final String words;

    Reason(boolean mandatory, String words) {
        this.mandatory = mandatory;
        this.words = words;
    }

    /** Whether it is made whatever it costs, also at dial 1 and with partial automation. */
    public boolean mandatory() {
        return mandatory;
    }

    /** For people. */
    public String words() {
        return words;
    }
}
