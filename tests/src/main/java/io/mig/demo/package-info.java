@NullMarked
package io.mig.demo;

import org.jspecify.annotations.NullMarked;
