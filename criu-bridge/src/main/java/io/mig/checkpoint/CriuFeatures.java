package io.mig.checkpoint;

/**
 * What CRIU found in this kernel (FEATURE_CHECK).
 *
 * @param memoryTracking soft-dirty bits are usable
 * @param lazyPages userfaultfd with fork, remap and unmap events is usable
 * @param pidfdStore pidfd_open and pidfd_getfd are usable
 */
public record CriuFeatures(boolean memoryTracking, boolean lazyPages, boolean pidfdStore) {}
