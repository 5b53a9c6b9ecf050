/**
 * {@code mig doctor}: what this machine can and cannot do for mig, and what cures it. Looks and
 * reports; changes nothing unless it is asked to.
 */
@NullMarked
package io.mig.ctl.doctor;

import org.jspecify.annotations.NullMarked;
