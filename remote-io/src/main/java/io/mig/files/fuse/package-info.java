/**
 * The kernel's file system protocol on {@code /dev/fuse}: mounting, the request loop, replies in
 * any order, notifications. Knows nothing of what the requests are answered with. Source: {@code
 * linux/fuse.h}, fuse(4), kernel Documentation/filesystems/fuse.
 */
@NullMarked
package io.mig.files.fuse;

import org.jspecify.annotations.NullMarked;
