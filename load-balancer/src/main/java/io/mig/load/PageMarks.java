package io.mig.load;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Marks that the kernel keeps of a process's pages. Any thread; may wait for the process. */
interface PageMarks {
    /** What a mark means. */
    DirtyRate.Method method();

    /**
     * Takes all marks off.
     *
     * @throws IOException when the process is gone, or not ours to look at
     */
    void clear(int pid) throws IOException;

    /** Bytes of pages that have been marked since. */
    long marked(int pid) throws IOException;

    /** The best that this kernel has. */
    static PageMarks ofThisKernel(Path proc) {
        KernelUnits units = KernelUnits.ofThisMachine();
        SoftDirtyMarks exact = new SoftDirtyMarks(proc, units.pageBytes());
        return exact.kept() ? exact : new TouchedMarks(proc);
    }

    /** Writes to {@code clear_refs} (proc_pid_clear_refs(5)). */
    static void clear(Path proc, int pid, String what) throws IOException {
        Files.writeString(proc.resolve(Integer.toString(pid)).resolve("clear_refs"), what);
    }
}
