package io.mig.checkpoint;

/**
 * A CRIU release; nodes of a cluster must run the same one, because image and page formats are not
 * negotiated.
 */
public record CriuVersion(int major, int minor, int sublevel) implements Comparable<CriuVersion> {
    /** First release that can dump inet sockets on current kernels and has 64-bit page counts. */
    public static final CriuVersion MINIMUM = new CriuVersion(4, 2, 0);

    @Override
    public int compareTo(CriuVersion other) {
        int byMajor = Integer.compare(major, other.major);
        int byMinor = Integer.compare(minor, other.minor);
        return byMajor != 0
                ? byMajor
                : byMinor != 0 ? byMinor : Integer.compare(sublevel, other.sublevel);
    }

    @Override
    public String toString() {
        return sublevel == 0 ? major + "." + minor : major + "." + minor + "." + sublevel;
    }
}
