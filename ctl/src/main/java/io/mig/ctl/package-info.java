@NullMarked
package io.mig.ctl;

import org.jspecify.annotations.NullMarked;
