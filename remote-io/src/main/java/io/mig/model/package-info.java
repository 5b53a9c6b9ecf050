@NullMarked
package io.mig.model;

import org.jspecify.annotations.NullMarked;
