@NullMarked
package io.mig.home;

import org.jspecify.annotations.NullMarked;
