/**
 * Freeze one local process tree, dump it with CRIU and restore it: requests, listeners, errors and
 * the kernel handles that go with them. Knows pids, cgroups and directories; knows no nodes and no
 * network.
 */
@NullMarked
package io.mig.checkpoint;

import org.jspecify.annotations.NullMarked;
