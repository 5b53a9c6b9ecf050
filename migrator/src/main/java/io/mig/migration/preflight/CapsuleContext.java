package io.mig.migration.preflight;

import io.mig.checkpoint.proc.FileId;
import io.mig.checkpoint.proc.NamespaceKind;
import io.mig.checkpoint.proc.ProcSample;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Where a guest lives: what is normal in its capsule. All pids are those of the host.
 *
 * @param standIns capsule processes that play the home's part (init, holder, nanny): they hold the
 *     far ends of the streams
 * @param streams the streams that exist, with the keys that their stand-ins have in this capsule
 * @param others processes in the capsule that are neither stand-ins nor in the tree
 */
public record CapsuleContext(
        int initPid,
        Set<Integer> standIns,
        Map<NamespaceKind, Long> namespaces,
        FileId root,
        List<KnownStream> streams,
        List<ProcSample> others) {

    /**
     * A stream that is already carried.
     *
     * @param key as {@link ExternalStream#criuKey}
     * @param link home pid whose deputy operates the home side
     */
    public record KnownStream(int id, StreamKind kind, String key, int link, boolean demand) {}

    public CapsuleContext {
        standIns = Set.copyOf(standIns);
        namespaces = Map.copyOf(namespaces);
        streams = List.copyOf(streams);
        others = List.copyOf(others);
    }

    Optional<KnownStream> stream(String key) {
        return streams.stream().filter(s -> s.key().equals(key)).findFirst();
    }
}
