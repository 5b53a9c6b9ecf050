package io.mig.checkpoint.proc;

import java.util.List;

/**
 * One open file description (open(2)) of a tree, whoever holds it.
 *
 * @param fd facts of the first of {@code members}
 * @param members descriptors in the tree that lead to it, lowest pid and number first; never empty
 * @param sharedWith descriptors outside the tree that lead to this very description, and so share
 *     its offset and flags
 * @param otherHolders descriptors outside the tree that lead to the same file, pipe or terminal by
 *     a description of their own: the other end of a pipe, the same file opened separately
 */
public record OpenFile(
        FdFacts fd, List<FdRef> members, List<Holder> sharedWith, List<Holder> otherHolders) {
    public OpenFile {
        members = List.copyOf(members);
        sharedWith = List.copyOf(sharedWith);
        otherHolders = List.copyOf(otherHolders);
        if (members.isEmpty()) {
            throw new IllegalArgumentException(
                    "an open file of a tree has a member, target=" + fd.target());
        }
    }

    public FdRef first() {
        return members.getFirst();
    }

    public boolean sharedOutside() {
        return !sharedWith.isEmpty();
    }

    /** Every holder outside, by whichever description. */
    public List<Holder> holders() {
        return java.util.stream.Stream.concat(sharedWith.stream(), otherHolders.stream()).toList();
    }
}
