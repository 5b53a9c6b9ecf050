@NullMarked
package io.mig.testkit;

import org.jspecify.annotations.NullMarked;
