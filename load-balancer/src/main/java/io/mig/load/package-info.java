/**
 * What this node and single processes use: processor, memory, pressure. Measures only; spreading
 * the figures and deciding by them are other packages' business.
 */
@NullMarked
package io.mig.load;

import org.jspecify.annotations.NullMarked;
