@NullMarked
package io.mig.migration.preflight;

import org.jspecify.annotations.NullMarked;
