package io.mig.agent.verb;

import io.mig.agent.control.Caller;
import io.mig.model.ErrorCode;
import io.mig.model.HomePid;
import io.mig.model.RefusedException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Users by number and name, from this node's passwd(5). */
final class Users {
    private Users() {}

    /** The user's name, or the number when it has none here. */
    static String name(int uid) {
        try {
            for (String line : Files.readAllLines(Path.of("/etc/passwd"))) {
                String[] fields = line.split(":");
                if (fields.length > 2 && fields[2].equals(Integer.toString(uid))) {
                    return fields[0];
                }
            }
        } catch (IOException e) {
            return Integer.toString(uid);
        }
        return Integer.toString(uid);
    }

    static void require(Caller caller, int uid, HomePid process) {
        if (!caller.mayAct(uid)) {
            throw new RefusedException(
                    ErrorCode.NOT_ALLOWED,
                    process.brief()
                            + " belongs to "
                            + name(uid)
                            + "; only he and root see its details");
        }
    }
}
