package io.mig.home.relay;

import io.mig.model.Epoch;
import io.mig.model.HomePid;
import java.nio.ByteBuffer;
import java.util.List;

/** What the routers of home and host say to each other, one way, about one process. */
public sealed interface RelayMessage {
    /** Largest piece of frames in one message. */
    int MAX_FRAMES_BYTES = 256 << 10;

    HomePid process();

    /** End-to-end frames, whole ones, in order; dropped unless process, epoch and sender fit. */
    record Frames(HomePid process, Epoch epoch, ByteBuffer frames) implements RelayMessage {
        public Frames {
            frames = frames.asReadOnlyBuffer();
        }

        @Override
        public ByteBuffer frames() {
            return frames.duplicate();
        }
    }

    /**
     * On the sender's side these links have an endpoint (again): yours should ask for what it
     * missed.
     */
    record Up(HomePid process, Epoch epoch, List<Integer> links) implements RelayMessage {
        public Up {
            links = List.copyOf(links);
        }
    }

    /**
     * Something the agents tell each other reliably: repeated until acknowledged, taken once and in
     * order.
     *
     * @param instance tells one life of the sending agent from the next: numbers begin anew in each
     * @param first lowest number that is not acknowledged
     * @param number of this notice, counted per process
     */
    record Notice(
            HomePid process, Epoch epoch, long instance, long first, long number, Content content)
            implements RelayMessage {}

    /**
     * All notices of that instance up to this number are done, by or for the owner of that epoch.
     */
    record NoticeAck(HomePid process, Epoch epoch, long instance, long number)
            implements RelayMessage {}

    /** What a notice says. */
    sealed interface Content {
        /**
         * Home to host: do this to the body, its deputy cannot forward it any more (SIGKILL,
         * SIGSTOP).
         */
        record Signal(int link, int signal) implements Content {}

        /** Host to home: text of a capsule's EVENT frame. */
        record Event(String text) implements Content {}
    }
}
