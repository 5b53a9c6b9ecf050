package io.mig.files.client;

import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Names over which a capsule has mounted something of its own. When the kernel is told that such a
 * name is to be looked up anew and does not find the same inode, or fails to, it takes off what is
 * mounted there. So these names are valid for ever.
 */
final class Anchors {
    /** As long as the kernel can count. */
    static final int FOR_EVER_MILLIS = Integer.MAX_VALUE;

    private final Set<String> paths = new HashSet<>();

    Anchors(Collection<String> anchors) {
        for (String anchor : anchors) {
            if (!anchor.startsWith("/")) {
                throw new IllegalArgumentException("anchor=" + anchor + " is not absolute");
            }
            for (int end = anchor.length(); end > 0; end = anchor.lastIndexOf('/', end - 1)) {
                paths.add(anchor.substring(0, end));
            }
        }
    }

    /** The path of a name if it is an anchor or leads to one, otherwise null. */
    @Nullable String place(Node parent, byte[] name) {
        String above = parent.place();
        if (above == null || paths.isEmpty()) {
            return null;
        }
        String path = above + "/" + new String(name, StandardCharsets.UTF_8);
        return paths.contains(path) ? path : null;
    }
}
