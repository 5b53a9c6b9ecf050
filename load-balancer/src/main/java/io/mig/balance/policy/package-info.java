/**
 * What administrators want, in one TOML file: read completely, checked completely, then one
 * immutable object. Knows the facts that expressions may name; decides nothing.
 */
@NullMarked
package io.mig.balance.policy;

import org.jspecify.annotations.NullMarked;
