/**
 * A small JSON tree with a bounded reader and a writer, on jackson-core's streaming API. Serves the
 * control socket (agent and command line) and machine-readable listings. Knows nothing of nodes,
 * processes or sockets; nobody binds JSON to classes here.
 */
@NullMarked
package io.mig.json;

import org.jspecify.annotations.NullMarked;
