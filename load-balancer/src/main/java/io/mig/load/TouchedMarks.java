package io.mig.load;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The processor's own marks of pages that were read or written ({@code Referenced} of {@code
 * smaps_rollup}): every kernel has them, they cost the process no fault, and they are an upper
 * bound of what was written. Each walk takes some 15 ms for a GiB of small pages, the clearing one
 * with the process's memory map locked.
 */
final class TouchedMarks implements PageMarks {
    private static final String NAME = "Referenced:";

    private final Path proc;

    TouchedMarks(Path proc) {
        this.proc = proc;
    }

    @Override
    public DirtyRate.Method method() {
        return DirtyRate.Method.TOUCHED;
    }

    @Override
    public void clear(int pid) throws IOException {
        PageMarks.clear(proc, pid, "1");
    }

    @Override
    public long marked(int pid) throws IOException {
        Path rollup = proc.resolve(Integer.toString(pid)).resolve("smaps_rollup");
        String text = new String(Files.readAllBytes(rollup), StandardCharsets.US_ASCII);
        for (String line : text.split("\n")) {
            if (line.startsWith(NAME)) {
                String[] words = line.substring(NAME.length()).strip().split(" ");
                try {
                    return Long.parseLong(words[0]) * 1024;
                } catch (NumberFormatException e) {
                    throw new IOException("no number: " + line, e);
                }
            }
        }
        throw new IOException("no " + NAME + " in " + rollup); // a process without memory
    }
}
