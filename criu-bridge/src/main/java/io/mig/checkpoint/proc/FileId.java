package io.mig.checkpoint.proc;

/** Device and inode number: the identity of a file within one machine. */
public record FileId(long dev, long ino) {}
