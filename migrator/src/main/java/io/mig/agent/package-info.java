@NullMarked
package io.mig.agent;

import org.jspecify.annotations.NullMarked;
