/** Names and identities that every module shares, and the base of the errors told to people. */
@NullMarked
package io.mig.model;

import org.jspecify.annotations.NullMarked;
