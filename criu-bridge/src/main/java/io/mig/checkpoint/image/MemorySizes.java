package io.mig.checkpoint.image;

/**
 * How much memory an image describes.
 *
 * @param pagesId number of the pages file that holds the contents
 * @param presentPages pages whose contents are in the pages file
 * @param lazyPages pages that may be restored later
 * @param parentPages pages whose contents are in a parent image
 */
public record MemorySizes(long pagesId, long presentPages, long lazyPages, long parentPages) {
    public static final int PAGE_BYTES = 4096;

    public long presentBytes() {
        return presentPages * PAGE_BYTES;
    }
}
