/** What lab and doctor share about the machine they run on: its programs, mounts and kernel. */
@NullMarked
package io.mig.ctl.host;

import org.jspecify.annotations.NullMarked;
