/**
 * Facts about running processes, read from {@code /proc}: what a process is, what it has open and
 * mapped, and with whom it shares it.
 *
 * <p>Reading and parsing are apart: records with a static {@code parse} understand the kernel's
 * text and never throw on odd text (they give a default or leave the line out), {@link
 * io.mig.checkpoint.proc.ProcFs} and its companions do the reading. A process that ends while it is
 * looked at is "not there" (an empty result), never an exception; a pid that was given to another
 * process meanwhile is recognised by its start time.
 *
 * <p>Nothing here judges: which of these facts forbid a move is decided elsewhere. Everything is a
 * snapshot: a running process may have changed by the time the record is used. All types are safe
 * for use by any thread.
 */
@NullMarked
package io.mig.checkpoint.proc;

import org.jspecify.annotations.NullMarked;
