/**
 * The one-machine lab: nodes as namespaces of this machine, each with its own files, processes,
 * network address and agent. Drives {@code unshare}, {@code nsenter}, {@code mount}, {@code ip} and
 * {@code tc}; knows nothing of what the agents do.
 */
@NullMarked
package io.mig.ctl.lab;

import org.jspecify.annotations.NullMarked;
