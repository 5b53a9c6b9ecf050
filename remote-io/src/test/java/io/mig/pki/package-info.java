@NullMarked
package io.mig.pki;

import org.jspecify.annotations.NullMarked;
