/** What the control socket can be asked, one class per family of verbs. */
@NullMarked
package io.mig.agent.verb;

import org.jspecify.annotations.NullMarked;
