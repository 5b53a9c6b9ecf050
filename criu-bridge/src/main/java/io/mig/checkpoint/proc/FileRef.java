package io.mig.checkpoint.proc;

import java.util.Optional;

/**
 * A file that a process refers to by a magic link: its executable, working directory or root.
 *
 * @param path as the reader sees it, without " (deleted)"; empty when the link could not be read
 * @param stat of the file itself, not of whatever has that path now
 */
public record FileRef(String path, Optional<FileStat> stat, boolean deleted) {
    static final FileRef NONE = new FileRef("", Optional.empty(), false);
}
