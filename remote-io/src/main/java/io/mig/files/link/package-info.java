/** The file conversation over the agents' connections: which messages carry which frames. */
@NullMarked
package io.mig.files.link;

import org.jspecify.annotations.NullMarked;
