package io.mig.migration.preflight;

import io.mig.checkpoint.proc.FdRef;
import java.util.List;

/**
 * Something the tree has open whose other side stays where it is, so its bytes are carried.
 *
 * @param id number of the stream, 1 and up; for a guest the number it already has
 * @param owner descriptor in the tree through which the source operates it (host pid)
 * @param link home pid of the process that owns it: whose deputy operates the home side
 * @param criuKey name by which CRIU inherits it: {@code pipe:[INO]}, {@code socket:[INO]}, {@code
 *     tty[RDEV:DEV]} in hex, or a path without its leading slash
 * @param demand processes that stay read from it, too: nothing may be read ahead
 * @param flags access mode, O_APPEND and O_NONBLOCK as in open(2)
 * @param holders every descriptor of the tree that leads to it (host pids)
 */
public record ExternalStream(
        int id,
        StreamKind kind,
        FdRef owner,
        int link,
        String criuKey,
        boolean demand,
        int flags,
        List<FdRef> holders) {
    public ExternalStream {
        holders = List.copyOf(holders);
        if (id < 1 || id > 0xffff || criuKey.isEmpty() || holders.isEmpty()) {
            throw new IllegalArgumentException(
                    "bad stream id="
                            + id
                            + " key="
                            + criuKey
                            + " holders="
                            + holders
                            + " kind="
                            + kind);
        }
    }
}
