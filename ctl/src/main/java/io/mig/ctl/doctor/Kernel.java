package io.mig.ctl.doctor;

/** Questions that only system calls answer; each result is 0 when it works, else the errno. */
interface Kernel {
    /** {@code userfaultfd(2)}. */
    int userfaultfd();

    /** The ioctl {@code PAGEMAP_SCAN} on {@code /proc/self/pagemap} (Linux 6.7). */
    int pagemapScan();

    /** {@code pidfd_open(2)} and {@code pidfd_getfd(2)} on this process. */
    int pidfd();

    /** Opens a device for reading and writing. */
    int open(String device);

    /** Whether the kernel believes that its clock is synchronised ({@code adjtimex(2)}). */
    boolean clockSynchronised();
}
