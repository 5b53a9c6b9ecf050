package io.mig.migration.target;

import com.google.protobuf.ByteString;
import io.mig.model.ErrorCode;
import io.mig.model.RefusedException;
import io.mig.wire.proto.BirthDescriptor;
import io.mig.wire.proto.BirthFile;
import io.mig.wire.proto.BirthItem;
import io.mig.wire.proto.BirthLimit;
import io.mig.wire.proto.VouchReply;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** What a capsule is told about a program that starts in it, see {@code birth.c}. */
final class BirthText {
    private static final int MOST_BYTES = 61_000;

    private BirthText() {}

    /**
     * Builds it, and lets nothing through that could be taken for something else.
     *
     * @param vouched home's word on who its processes may be
     * @throws RefusedException when it claims more than that
     */
    static byte[] of(BirthItem item, VouchReply vouched, boolean rootMayCome) {
        refuseFalseIdentity(item, vouched, rootMayCome);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        put(out, "exe", item.getExe());
        put(out, "cwd", item.getCwd());
        put(out, "uid", unsigned(item.getUidsList()));
        put(out, "gid", unsigned(item.getGidsList()));
        put(out, "groups", unsigned(item.getGroupsList()));
        put(out, "umask", Integer.toString(item.getUmask() & 0777));
        put(out, "nice", Integer.toString(Math.clamp(item.getNice(), -20, 19)));
        put(out, "oom", Integer.toString(Math.clamp(item.getOom(), -1000, 1000)));
        put(out, "ignore", Long.toHexString(item.getIgnored()));
        put(out, "block", Long.toHexString(item.getBlocked()));
        for (BirthLimit limit : item.getLimitsList()) {
            put(
                    out,
                    "limit",
                    Integer.toUnsignedString(limit.getResource())
                            + ","
                            + Long.toUnsignedString(limit.getSoft())
                            + ","
                            + Long.toUnsignedString(limit.getHard()));
        }
        for (BirthFile file : item.getFilesList()) {
            if (file.getStream() > 0) {
                put(out, "stream", file.getKey() + "," + file.getStream() + "," + file.getFlags());
            } else {
                String head = file.getKey() + "," + file.getFlags() + "," + file.getPosition();
                put(out, "file", ByteString.copyFromUtf8(head + ",").concat(file.getPath()));
            }
        }
        for (BirthDescriptor fd : item.getDescriptorsList()) {
            put(out, "fd", fd.getNumber() + "," + fd.getKey());
        }
        item.getArgsList().forEach(arg -> put(out, "arg", arg));
        item.getEnvList().forEach(setting -> put(out, "env", setting));
        if (out.size() > MOST_BYTES) {
            throw refused("its arguments and environment are too long, bytes=" + out.size());
        }
        return out.toByteArray();
    }

    private static void refuseFalseIdentity(
            BirthItem item, VouchReply vouched, boolean rootMayCome) {
        if (item.getUidsCount() != 3 || item.getGidsCount() != 3) {
            throw refused("it does not say who it is");
        }
        if (item.getUidsList().contains(0) && !rootMayCome) {
            throw refused("this node takes no guests of root");
        }
        if (vouched.getAnyIdentity()) {
            return;
        }
        Set<Integer> gids = new HashSet<>(item.getGidsList());
        gids.addAll(item.getGroupsList());
        if (!vouched.getUidsList().containsAll(item.getUidsList())
                || !vouched.getGidsList().containsAll(gids)) {
            throw refused(
                    "it claims to be more than home vouches for, uids="
                            + item.getUidsList()
                            + " gids="
                            + gids);
        }
    }

    private static RefusedException refused(String why) {
        return new RefusedException(ErrorCode.NOT_ALLOWED, "the program cannot start here: " + why);
    }

    private static String unsigned(List<Integer> ids) {
        return ids.stream().map(Integer::toUnsignedString).collect(Collectors.joining(","));
    }

    private static void put(ByteArrayOutputStream out, String key, String value) {
        put(out, key, ByteString.copyFromUtf8(value));
    }

    private static void put(ByteArrayOutputStream out, String key, ByteString value) {
        for (byte b : value) {
            if (b == 0) {
                throw refused("a text of it has a zero byte in it: " + key);
            }
        }
        out.writeBytes(key.getBytes(StandardCharsets.US_ASCII));
        out.write('=');
        out.writeBytes(value.toByteArray());
        out.write(0);
    }
}
