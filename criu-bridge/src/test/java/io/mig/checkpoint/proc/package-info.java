@NullMarked
package io.mig.checkpoint.proc;

import org.jspecify.annotations.NullMarked;
