package io.mig.checkpoint.image;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import io.mig.checkpoint.CheckpointException;
import io.mig.checkpoint.Phase;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads and writes CRIU image files: one or two magic words, then entries, each a 32-bit length and
 * a Protobuf message, all little endian (https://criu.org/Images). The reader trusts nothing: file
 * size, entry size and entry count are bounded, and a bound that does not hold is an error that
 * names the file.
 */
public final class ImageFile {
    /** No entry of the kinds we read comes near this (a core of one thread is about 4 KiB). */
    static final int MAX_ENTRY_BYTES = 16 * 1024 * 1024;

    static final int MAX_ENTRIES = 4_000_000;
    static final long MAX_FILE_BYTES = 512L * 1024 * 1024;
    private static final int MAX_NESTING = 16;

    private ImageFile() {}

    /** All entries of a file whose entries have one type. */
    public static <T extends MessageLite> List<T> read(
            Path file, ImageType type, Parser<T> parser) {
        List<T> entries = new ArrayList<>();
        scan(
                file,
                type,
                new EntryHandler() {
                    @Override
                    public long onEntry(int index, byte[] bytes)
                            throws InvalidProtocolBufferException {
                        entries.add(parse(parser, bytes));
                        return 0;
                    }
                });
        return entries;
    }

    /**
     * Hands every entry to {@code handler} in order. The handler answers how many raw bytes follow
     * the entry (pipe and terminal data are stored that way); they are skipped.
     */
    public static void scan(Path file, ImageType type, EntryHandler handler) {
        try (DataInputStream in = open(file, type)) {
            for (int index = 0; ; index++) {
                if (index == MAX_ENTRIES) {
                    throw new IOException("more than " + MAX_ENTRIES + " entries");
                }
                int size = nextSize(in);
                if (size < 0) {
                    return;
                }
                byte[] bytes = in.readNBytes(size);
                if (bytes.length < size) {
                    throw new EOFException(
                            "entry " + index + " is cut: size=" + size + " found=" + bytes.length);
                }
                long raw = handler.onEntry(index, bytes);
                if (raw < 0 || raw > MAX_FILE_BYTES) {
                    throw new IOException("entry " + index + " claims raw bytes=" + raw);
                }
                in.skipNBytes(raw);
            }
        } catch (IOException failed) {
            throw broken(file, failed);
        }
    }

    /**
     * Writes a complete file in place of an old one: readers see the old or the new content, never
     * a part.
     */
    public static void write(Path file, ImageType type, List<? extends Message> entries) {
        Path fresh = file.resolveSibling(file.getFileName() + ".new");
        try {
            Files.deleteIfExists(fresh);
            Files.createFile(
                    fresh,
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rw-------")));
            try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(fresh))) {
                if (type.hasHeadMagic()) {
                    out.write(word(type.headMagic()));
                }
                out.write(word(type.magic()));
                for (Message entry : entries) {
                    byte[] bytes = entry.toByteArray();
                    out.write(word(bytes.length));
                    out.write(bytes);
                }
            }
            Files.move(
                    fresh,
                    file,
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException failed) {
            throw CheckpointException.failed(
                            Phase.IMAGE, "cannot write image file=" + file + ": " + failed, 0)
                    .causedBy(failed);
        }
    }

    static <T extends MessageLite> T parse(Parser<T> parser, byte[] bytes)
            throws InvalidProtocolBufferException {
        CodedInputStream in = CodedInputStream.newInstance(bytes);
        in.setRecursionLimit(MAX_NESTING);
        T value = parser.parseFrom(in);
        in.checkLastTagWas(0);
        return value;
    }

    private static DataInputStream open(Path file, ImageType type) throws IOException {
        long size = Files.size(file);
        if (size > MAX_FILE_BYTES) {
            throw new IOException("file is too large: bytes=" + size + " limit=" + MAX_FILE_BYTES);
        }
        DataInputStream in =
                new DataInputStream(new BufferedInputStream(Files.newInputStream(file), 64 * 1024));
        try {
            if (type.hasHeadMagic()) {
                expectWord(in, type.headMagic());
            }
            expectWord(in, type.magic());
            return in;
        } catch (IOException failed) {
            in.close();
            throw failed;
        }
    }

    private static void expectWord(DataInputStream in, int expected) throws IOException {
        int found = Integer.reverseBytes(in.readInt());
        if (found != expected) {
            throw new IOException(
                    "wrong magic: expected=0x"
                            + Integer.toHexString(expected)
                            + " found=0x"
                            + Integer.toHexString(found));
        }
    }

    /** Size of the next entry, -1 at the end of the file. */
    private static int nextSize(DataInputStream in) throws IOException {
        byte[] head = in.readNBytes(4);
        if (head.length == 0) {
            return -1;
        }
        if (head.length < 4) {
            throw new EOFException("file ends inside an entry's length");
        }
        int size = ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN).getInt();
        if (size < 0 || size > MAX_ENTRY_BYTES) {
            throw new IOException(
                    "entry is too large: bytes="
                            + Integer.toUnsignedString(size)
                            + " limit="
                            + MAX_ENTRY_BYTES);
        }
        return size;
    }

    private static byte[] word(int value) {
        return ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array();
    }

    private static CheckpointException broken(Path file, IOException why) {
        return CheckpointException.failed(
                        Phase.IMAGE, "cannot read image file=" + file + ": " + why.getMessage(), 0)
                .causedBy(why);
    }

    /** Takes one entry. */
    @FunctionalInterface
    public interface EntryHandler {
        /**
         * @return number of raw bytes that follow this entry in the file
         */
        long onEntry(int index, byte[] bytes) throws IOException;
    }
}
