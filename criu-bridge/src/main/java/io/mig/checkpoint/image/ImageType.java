package io.mig.checkpoint.image;

/**
 * Kinds of image files we know, with the magic numbers of CRIU's format (criu/include/magic.h of
 * CRIU 4.2).
 */
public enum ImageType {
    INVENTORY(0x58313116, "inventory.img"),
    PSTREE(0x50273030, "pstree.img"),
    CORE(0x55053847, "core-"),
    FDINFO(0x56213732, "fdinfo-"),
    FILES(0x56303138, "files.img"),
    TTY_INFO(0x59453036, "tty-info.img"),
    TTY_DATA(0x59413026, "tty-data.img"),
    PIPES_DATA(0x56453709, "pipes-data.img"),
    PAGEMAP(0x56084025, "pagemap-"),
    CREDS(0x54023547, "creds-"),
    IDS(0x54432030, "ids-"),
    STATS(0x57093306, "stats-");

    /** First word of every image file but the inventory. */
    static final int COMMON_MAGIC = 0x54564319;

    /** First word of files that are not part of the checkpoint, such as statistics. */
    static final int SERVICE_MAGIC = 0x55105940;

    private final int magic;
    private final String name;

    ImageType(int magic, String name) {
        this.magic = magic;
        this.name = name;
    }

    int magic() {
        return magic;
    }

    /** The words that precede the type's own magic. */
    int headMagic() {
        return this == STATS ? SERVICE_MAGIC : COMMON_MAGIC;
    }

    /** The inventory came first and has no common magic. */
    boolean hasHeadMagic() {
        return this != INVENTORY;
    }

    /** File name of a kind that exists once. */
    public String fileName() {
        if (!name.endsWith(".img")) {
            throw new IllegalStateException(this + " images carry an id in their name");
        }
        return name;
    }

    /** File name of a kind that exists per process or per id. */
    public String fileName(long id) {
        if (name.endsWith(".img")) {
            throw new IllegalStateException(this + " exists once");
        }
        return name + Long.toUnsignedString(id) + ".img";
    }
}
