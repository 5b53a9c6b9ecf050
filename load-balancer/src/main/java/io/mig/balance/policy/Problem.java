package io.mig.balance.policy;

/**
 * Something wrong in a policy file.
 *
 * @param line counted from 1; 0 when it is about the whole file
 * @param column counted from 1; 0 when it is about the whole line
 * @param message what is wrong
 * @param remedy what to do
 */
public record Problem(int line, int column, String message, String remedy) {
    @Override
    public String toString() {
        String where = line == 0 ? "" : "line " + line + ", column " + Math.max(1, column) + ": ";
        return where + message + (remedy.isEmpty() ? "" : "; " + remedy);
    }
}
