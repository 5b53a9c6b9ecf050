/**
 * The system calls of files, called by number through {@link java.lang.foreign}: what {@code
 * java.nio.file} cannot say (identities per thread, handles, {@code /dev/fuse}, locks per owner).
 * Knows nothing of nodes or guests.
 */
@NullMarked
package io.mig.files.sys;

import org.jspecify.annotations.NullMarked;
