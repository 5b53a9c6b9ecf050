/** The node agent: configuration, wiring and start-up. The only place that composes. */
@NullMarked
package io.mig.agent;

import org.jspecify.annotations.NullMarked;
