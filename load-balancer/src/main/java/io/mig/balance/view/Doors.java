package io.mig.balance.view;

/**
 * Whom a node lets in.
 *
 * @param cordoned takes nothing new, keeps what it has
 * @param draining takes nothing, sends everything away
 * @param ownerPresent its owner is at work
 * @param diskFull has no space for images: nothing can be received
 * @param maxGuests guests it takes at most
 * @param reservedCores processors kept for its own programs
 * @param reservedBytes memory that guests must leave free
 */
public record Doors(
        boolean cordoned,
        boolean draining,
        boolean ownerPresent,
        boolean diskFull,
        int maxGuests,
        double reservedCores,
        long reservedBytes) {
    /** Everybody is welcome. */
    public static final Doors OPEN = new Doors(false, false, false, false, 1 << 20, 0, 0);

    public Doors {
        Checks.range("maxGuests", maxGuests, 0, 1 << 20);
        Checks.range("reservedCores", reservedCores, 0, 65536);
        Checks.notNegative("reservedBytes", reservedBytes);
    }

    public Doors withCordoned(boolean value) {
        return new Doors(
                value, draining, ownerPresent, diskFull, maxGuests, reservedCores, reservedBytes);
    }

    public Doors withDraining(boolean value) {
        return new Doors(
                cordoned, value, ownerPresent, diskFull, maxGuests, reservedCores, reservedBytes);
    }

    public Doors withOwnerPresent(boolean value) {
        return new Doors(
                cordoned, draining, value, diskFull, maxGuests, reservedCores, reservedBytes);
    }

    public Doors withMaxGuests(int value) {
        return new Doors(
                cordoned, draining, ownerPresent, diskFull, value, reservedCores, reservedBytes);
    }

    public Doors withReservation(double cores, long bytes) {
        return new Doors(cordoned, draining, ownerPresent, diskFull, maxGuests, cores, bytes);
    }

    public Doors withDiskFull(boolean value) {
        return new Doors(
                cordoned, draining, ownerPresent, value, maxGuests, reservedCores, reservedBytes);
    }
}
