package io.mig.agent;

import io.mig.model.NodeId;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** The files of an agent that is still being put together: nothing is known of any until then. */
record LaterFiles(AtomicReference<@Nullable FileDesk> desk) implements FilesFirst.Files {
    @Override
    public void wordsFirst(NodeId peer) {
        FileDesk files = desk.get();
        if (files != null) {
            files.wordsFirst(peer);
        }
    }

    @Override
    public boolean isSettled(NodeId home) {
        FileDesk files = desk.get();
        return files == null || files.isSettled(home);
    }

    @Override
    public void whenSettled(NodeId home, Runnable then) {
        FileDesk files = desk.get();
        if (files == null) {
            then.run();
        } else {
            files.whenSettled(home, then);
        }
    }
}
