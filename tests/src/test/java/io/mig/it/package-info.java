/** Whole clusters in a lab: what a user sees when programs move. */
@NullMarked
package io.mig.it;

import org.jspecify.annotations.NullMarked;
