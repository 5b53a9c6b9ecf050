/**
 * One class per verb: options, one request to the agent, and which rendering the answer gets. Knows
 * neither sockets nor terminal widths.
 */
@NullMarked
package io.mig.ctl.command;

import org.jspecify.annotations.NullMarked;
