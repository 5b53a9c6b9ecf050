package io.mig.home.relay;

/** Signal numbers of Linux on x86-64 and arm64 (signal(7)), those that are meant by name here. */
final class LinuxSignals {
    static final int SIGKILL = 9;

    private LinuxSignals() {}
}
