package io.mig.files.serve;

/**
 * A set of 64-bit hashes, open addressing, 8 to 16 bytes per element, with a bound. Not
 * thread-safe.
 */
final class LongHashes {
    private static final int SMALLEST = 1024;

    private final int max;
    private long[] slots = new long[SMALLEST];
    private int size;

    LongHashes(int max) {
        this.max = max;
    }

    /** Whether it is new. */
    boolean add(long hash) {
        long value = hash == 0 ? 1 : hash;
        int at = find(slots, value);
        if (slots[at] == value) {
            return false;
        }
        slots[at] = value;
        size++;
        if (size * 2 > slots.length) {
            long[] larger = new long[slots.length * 2];
            for (long slot : slots) {
                if (slot != 0) {
                    larger[find(larger, slot)] = slot;
                }
            }
            slots = larger;
        }
        return true;
    }

    boolean contains(long hash) {
        long value = hash == 0 ? 1 : hash;
        return slots[find(slots, value)] == value;
    }

    boolean full() {
        return size >= max;
    }

    void clear() {
        slots = new long[SMALLEST];
        size = 0;
    }

    private static int find(long[] in, long value) {
        int mask = in.length - 1;
        int at = (int) (value ^ value >>> 32) & mask;
        while (in[at] != 0 && in[at] != value) {
            at = at + 1 & mask;
        }
        return at;
    }

    /** Mixes bytes into 64 bits: FNV-1a with a final avalanche. */
    static long of(byte[] bytes) {
        long h = 0xcbf29ce484222325L;
        for (byte b : bytes) {
            h = (h ^ (b & 0xff)) * 0x100000001b3L;
        }
        h = (h ^ h >>> 32) * 0x9e3779b97f4a7c15L;
        return h ^ h >>> 29;
    }
}
