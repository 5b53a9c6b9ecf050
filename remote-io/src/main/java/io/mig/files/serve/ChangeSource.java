package io.mig.files.serve;

/** Finds changes that processes at home make. */
interface ChangeSource {
    /** Asks for all changes on a descriptor's file system; false when they cannot be told. */
    boolean watch(int mountFd);
}
