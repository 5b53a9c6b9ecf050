@NullMarked
package io.mig.migration.home;

import org.jspecify.annotations.NullMarked;
