/** How agents talk, without saying by what: requests, one-way messages, bulk streams. */
@NullMarked
package io.mig.transport;

import org.jspecify.annotations.NullMarked;
