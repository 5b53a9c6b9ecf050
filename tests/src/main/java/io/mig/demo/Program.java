package io.mig.demo;

/**
 * A real program of the demo.
 *
 * @param name for the table
 * @param line what is typed; it leaves its results in the current folder
 * @param match pattern of pgrep(1) -f for the one process (or the root of the tree) that moves
 * @param stop whether Ctrl-Z and {@code fg} are shown on it while it is away
 */
record Program(String name, String line, String match, boolean stop) {}
