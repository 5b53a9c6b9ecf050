package io.mig.checkpoint.image;

/**
 * One open descriptor of a dumped process.
 *
 * @param fd its number
 * @param fileId the open file description in {@link ImageDirectory#files()}
 * @param type CRIU's kind of file: 1 regular, 2 pipe, 3 fifo, 4 inet socket, 5 unix socket, 11
 *     terminal
 */
public record FdImage(int fd, int fileId, int flags, int type) {}
