package io.mig.checkpoint.proc;

/** One thread of a process. */
public record ThreadFacts(int tid, String comm, char state) {}
