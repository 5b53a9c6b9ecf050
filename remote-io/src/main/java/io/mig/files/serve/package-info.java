/**
 * Home's end: does what hosts ask with home's real files, as the users whose guests they hold and
 * never as more. Knows the wire and the system calls, no transport.
 */
@NullMarked
package io.mig.files.serve;

import org.jspecify.annotations.NullMarked;
