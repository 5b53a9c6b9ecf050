package io.mig.files.client;

/**
 * A lock that a process here has at its home.
 *
 * @param pid of the process that took it, as the agent sees it
 * @param ino inode number of the file, as stat(2) tells it here
 * @param whole by flock(2), otherwise by fcntl(2)
 */
public record HeldLock(int pid, long ino, boolean whole, boolean write) {}
