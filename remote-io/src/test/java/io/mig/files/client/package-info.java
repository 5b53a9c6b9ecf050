@NullMarked
package io.mig.files.client;

import org.jspecify.annotations.NullMarked;
