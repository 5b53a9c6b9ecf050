@NullMarked
package io.mig.files;

import org.jspecify.annotations.NullMarked;
