package io.mig.migration;

import io.mig.model.HomePid;
import io.mig.model.NodeId;
import io.mig.wire.proto.ProcessRef;

/** Between the wire's messages and our own types. Bad values become IllegalArgumentException. */
public final class Protos {
    private Protos() {}

    public static ProcessRef process(HomePid process) {
        return ProcessRef.newBuilder()
                .setHome(process.home().name())
                .setPid(process.pid())
                .setStartTicks(process.startTicks())
                .build();
    }

    public static HomePid process(ProcessRef ref) {
        return new HomePid(new NodeId(ref.getHome()), ref.getPid(), ref.getStartTicks());
    }
}
