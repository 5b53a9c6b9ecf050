package io.mig.home.journal;

import java.sql.SQLException;
import org.sqlite.SQLiteErrorCode;

/** Which family an error of SQLite belongs to (https://sqlite.org/rescode.html). */
final class SqliteErrors {
    private SqliteErrors() {}

    /** The primary result code: the low byte of an extended one. */
    static int primary(SQLException e) {
        return e.getErrorCode() & 0xFF;
    }

    /**
     * No room: the transaction has not been committed, for the frame that commits it is the last
     * one written.
     */
    static boolean isFull(SQLException e) {
        return primary(e) == SQLiteErrorCode.SQLITE_FULL.code;
    }

    /** The statement itself was refused (a constraint); connection and transaction are fine. */
    static boolean isConstraint(SQLException e) {
        return primary(e) == SQLiteErrorCode.SQLITE_CONSTRAINT.code;
    }
}
