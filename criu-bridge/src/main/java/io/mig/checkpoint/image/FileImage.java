package io.mig.checkpoint.image;

/** One open file description of the dumped tree; several descriptors and processes may share it. */
public sealed interface FileImage {
    /** Number within the image. */
    int id();

    /**
     * A file, directory or simple device that is opened again by path.
     *
     * @param path absolute, as the dumped process's root saw it
     * @param size bytes at the dump, -1 when the image has none
     */
    record Regular(int id, String path, int flags, long position, long size, int mode)
            implements FileImage {
        private static final int O_APPEND = 02000;
        private static final int O_ACCMODE = 3;

        public boolean append() {
            return (flags & O_APPEND) != 0;
        }

        public boolean writable() {
            return (flags & O_ACCMODE) != 0;
        }
    }

    /**
     * One end of a pipe.
     *
     * @param pipeId inode of the pipe; both ends have the same
     */
    record Pipe(int id, int pipeId, int flags) implements FileImage {
        /** Name under which a descriptor can be inherited in its place. */
        public String key() {
            return "pipe:[" + Integer.toUnsignedString(pipeId) + "]";
        }

        public boolean isWriteEnd() {
            return (flags & 3) == 1;
        }
    }

    /** A named pipe; the path is in the regular file {@code pathFileId}. */
    record Fifo(int id, int pipeId, int pathFileId) implements FileImage {}

    /** A unix socket. */
    record UnixSocket(int id, int inode, int type, int state, int peerInode) implements FileImage {
        public String key() {
            return "socket:[" + Integer.toUnsignedString(inode) + "]";
        }
    }

    /**
     * A terminal.
     *
     * @param rdev device number of the terminal, {@code device} of the file system it is in, as the
     *     kernel gave them
     * @param index number of the pty, -1 when it is none
     */
    record Tty(
            int id,
            int flags,
            int infoId,
            int rdev,
            int device,
            int index,
            int session,
            int foregroundGroup)
            implements FileImage {
        public String key() {
            return "tty[" + Integer.toHexString(rdev) + ":" + Integer.toHexString(device) + "]";
        }
    }

    /** Anything else. */
    record Other(int id, int type) implements FileImage {}
}
