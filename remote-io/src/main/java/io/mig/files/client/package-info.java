/**
 * The host's end: a home's file tree, mounted for that home's guests. Turns the kernel's requests
 * into requests to home, keeps what home allows to keep, and holds out while home is away.
 */
@NullMarked
package io.mig.files.client;

import org.jspecify.annotations.NullMarked;
