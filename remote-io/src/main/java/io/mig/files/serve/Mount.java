package io.mig.files.serve;

import org.jspecify.annotations.Nullable;

/**
 * One mount of home.
 *
 * @param id the kernel's, as statx tells it
 * @param dev of its file system
 * @param fd any descriptor on it that handles can be opened with, -1: handles do not work there
 * @param fsid as fanotify names the file system, 0 when unknown
 * @param refused why guests never see into it; null for ordinary ones
 * @param watched whether changes on it are told to us
 */
record Mount(long id, long dev, int fd, long fsid, @Nullable String refused, boolean watched) {}
