/**
 * What the user sees: tables that fit the terminal, progress lines, units, colours where they are
 * wanted. Knows no verb and no socket.
 */
@NullMarked
package io.mig.ctl.render;

import org.jspecify.annotations.NullMarked;
