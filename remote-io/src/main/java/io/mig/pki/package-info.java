/**
 * The cluster's own certificate authority and each node's identity: who may call himself which
 * node. Plain files in one directory (see README of the module). Knows files, certificates and the
 * joining of nodes; nothing of what agents say to each other. Bouncy Castle is used by {@link
 * io.mig.pki.ClusterAuthority} and {@link io.mig.pki.JoinClient} only, and never registered as a
 * provider.
 */
@NullMarked
package io.mig.pki;

import org.jspecify.annotations.NullMarked;
