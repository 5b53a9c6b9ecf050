package io.mig.migration.preflight;

/**
 * The target does not have a file in the needed form.
 *
 * @param detail expected against seen, for the user
 * @param contentHash for {@link Kind#CONTENT}: SHA-256 (hex) of the target's file when only the
 *     modification time differs, so that the source can settle it by hashing its own; else empty
 */
public record FileMismatch(
        String path, FileNeed.Access access, Kind kind, String detail, String contentHash) {

    /** What is different. */
    public enum Kind {
        MISSING,
        TYPE,
        PERMISSIONS,
        SIZE,
        CONTENT,
        STORAGE
    }
}
