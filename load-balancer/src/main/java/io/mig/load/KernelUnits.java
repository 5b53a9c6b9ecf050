package io.mig.load;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Units of figures in {@code /proc}, as the kernel told this process at its start (auxiliary
 * vector, getauxval(3)): no guessing and no native call.
 *
 * @param pageBytes size of a page
 * @param ticksPerSecond clock ticks of times in {@code /proc/PID/stat}
 */
public record KernelUnits(long pageBytes, long ticksPerSecond) {
    private static final Path AUXILIARY_VECTOR = Path.of("/proc/self/auxv");
    private static final long AT_PAGESZ = 6;
    private static final long AT_CLKTCK = 17;

    /** What Linux has on x86-64, should the vector not be readable. */
    private static final KernelUnits USUAL = new KernelUnits(4096, 100);

    /** The units of the running kernel. */
    public static KernelUnits ofThisMachine() {
        try {
            return parse(Files.readAllBytes(AUXILIARY_VECTOR));
        } catch (IOException e) {
            return USUAL;
        }
    }

    static KernelUnits parse(byte[] vector) {
        ByteBuffer pairs = ByteBuffer.wrap(vector).order(ByteOrder.nativeOrder());
        long page = USUAL.pageBytes;
        long ticks = USUAL.ticksPerSecond;
        try {
            while (pairs.hasRemaining()) {
                long type = pairs.getLong();
                long value = pairs.getLong();
                page = type == AT_PAGESZ ? value : page;
                ticks = type == AT_CLKTCK ? value : ticks;
            }
        } catch (BufferUnderflowException e) {
            return new KernelUnits(page, ticks); // a cut vector: what was read so far
        }
        return new KernelUnits(page, ticks);
    }
}
