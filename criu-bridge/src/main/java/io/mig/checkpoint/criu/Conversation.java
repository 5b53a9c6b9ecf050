package io.mig.checkpoint.criu;

import com.google.protobuf.InvalidProtocolBufferException;
import io.mig.checkpoint.CheckpointException;
import io.mig.checkpoint.CheckpointListener;
import io.mig.checkpoint.CriuNotification;
import io.mig.checkpoint.Phase;
import io.mig.checkpoint.criu.jna.ErrnoException;
import io.mig.checkpoint.criu.jna.SeqPacketSocket;
import io.mig.checkpoint.criu.proto.CriuRpc;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * One request, the notifications it causes and the final answer. Used once, on one platform thread.
 */
final class Conversation {
    private static final Duration SEND_TIMEOUT = Duration.ofSeconds(5);

    /** CRIU answers this errno when it does not accept the request itself. */
    private static final int EBADRQC = 56;

    private final SeqPacketSocket socket;
    private final Phase phase;
    private final String what;
    private final Duration silence;
    private final CheckpointListener listener;
    private final Optional<Path> logFile;

    private @Nullable Throwable refusal;
    private String refusedAt = "";

    Conversation(
            SeqPacketSocket socket,
            Phase phase,
            String what,
            Duration silence,
            CheckpointListener listener,
            Optional<Path> logFile) {
        this.socket = socket;
        this.phase = phase;
        this.what = what;
        this.silence = silence;
        this.listener = listener;
        this.logFile = logFile;
    }

    /** Returns the successful answer; everything else is an exception. */
    CriuRpc.Response run(CriuRpc.Request request) {
        try {
            socket.send(request.toByteArray(), SEND_TIMEOUT);
            while (true) {
                CriuRpc.Response response = next();
                if (response.getType() != CriuMessages.NOTIFY || !response.hasNotify()) {
                    return judge(request, response);
                }
                boolean goOn = tell(response.getNotify());
                socket.send(CriuMessages.notified(goOn).toByteArray(), SEND_TIMEOUT);
            }
        } catch (ErrnoException broken) {
            throw CheckpointException.unknown(
                            phase,
                            what
                                    + ": connection to criu pid="
                                    + socket.peer().pid()
                                    + " broke: "
                                    + broken.getMessage()
                                    + afterRefusal(),
                            excerpt())
                    .causedBy(refusal == null ? broken : refusal);
        }
    }

    private CriuRpc.Response next() throws ErrnoException {
        Optional<byte[]> received = socket.receive(silence);
        int pid = socket.peer().pid();
        if (received.isEmpty()) {
            throw CheckpointException.unknown(
                    phase,
                    what + ": no answer from criu pid=" + pid + " within " + silence,
                    excerpt());
        }
        byte[] packet = received.get();
        if (packet.length == 0) {
            CheckpointException gone =
                    CheckpointException.unknown(
                            phase,
                            what
                                    + ": criu pid="
                                    + pid
                                    + " ended without an answer (killed or crashed)"
                                    + afterRefusal(),
                            excerpt());
            throw refusal == null ? gone : gone.causedBy(refusal);
        }
        try {
            return CriuRpc.Response.parseFrom(packet);
        } catch (InvalidProtocolBufferException garbage) {
            throw CheckpointException.unknown(
                            phase,
                            what
                                    + ": criu pid="
                                    + pid
                                    + " sent "
                                    + packet.length
                                    + " bytes that are no answer",
                            excerpt())
                    .causedBy(garbage);
        }
    }

    private boolean tell(CriuRpc.Notification notification) {
        if (refusal != null) {
            return false;
        }
        OptionalInt pid =
                notification.hasPid() ? OptionalInt.of(notification.getPid()) : OptionalInt.empty();
        try {
            listener.onNotification(new CriuNotification(notification.getScript(), pid));
            return true;
        } catch (RuntimeException | Error refused) {
            // Carried out as the cause; CRIU has to hear "no" first, so that it cleans up.
            refusal = refused;
            refusedAt = notification.getScript();
            return false;
        }
    }

    private CriuRpc.Response judge(CriuRpc.Request request, CriuRpc.Response response) {
        if (refusal != null) {
            CheckpointException.Outcome outcome =
                    response.getSuccess()
                            ? CheckpointException.Outcome.UNKNOWN
                            : CheckpointException.Outcome.FAILED;
            String tooLate =
                    response.getSuccess()
                            ? ", but CRIU had gone past the point of refusal and went on"
                            : "";
            throw new CheckpointException(
                            phase,
                            outcome,
                            what + ": refused at " + refusedAt + tooLate + ": " + refusal,
                            response.getCrErrno(),
                            List.of())
                    .causedBy(refusal);
        }
        if (response.getSuccess() && response.getType() == request.getType()) {
            return response;
        }
        List<String> excerpt = excerpt();
        throw new CheckpointException(
                phase,
                CheckpointException.Outcome.FAILED,
                what + ": " + reason(response, excerpt),
                response.getCrErrno(),
                excerpt);
    }

    private static String reason(CriuRpc.Response response, List<String> excerpt) {
        String said = response.getCrErrmsg().strip();
        if (said.isEmpty() || CriuLog.isHarmless(said)) {
            said = CriuLog.firstError(excerpt);
        }
        if (said.isEmpty()) {
            said = "CRIU answered no and gave no reason";
        }
        return response.getCrErrno() == EBADRQC ? "CRIU did not accept the request: " + said : said;
    }

    private String afterRefusal() {
        return refusal == null ? "" : "; it had been refused at " + refusedAt + ": " + refusal;
    }

    private List<String> excerpt() {
        return logFile.map(CriuLog::excerpt).orElse(List.of());
    }
}
