package io.mig.checkpoint.criu;

import io.mig.checkpoint.CriuOptions;
import io.mig.checkpoint.DumpRequest;
import io.mig.checkpoint.ImagesLocation;
import io.mig.checkpoint.RestoreRequest;
import io.mig.checkpoint.criu.proto.CriuRpc;

/**
 * Turns our requests into CRIU's messages. Numbers of requests and of modes are those of CRIU's
 * rpc.proto.
 */
final class CriuMessages {
    static final int DUMP = 1;
    static final int RESTORE = 2;
    static final int NOTIFY = 6;
    static final int CPUINFO_DUMP = 7;
    static final int CPUINFO_CHECK = 8;
    static final int FEATURE_CHECK = 9;
    static final int VERSION = 10;

    /**
     * manage_cgroups_mode: leave cgroups alone on both sides; the capsule decides where a guest
     * lives.
     */
    private static final int CGROUPS_IGNORE = 0;

    private CriuMessages() {}

    static CriuRpc.Request dump(DumpRequest request) {
        CriuRpc.Options.Builder opts =
                common(request.images(), request.options())
                        .setPid(request.pid())
                        .setLeaveRunning(request.leaveRunning())
                        .setShellJob(request.shellJob())
                        .setFileLocks(request.fileLocks())
                        .setTcpEstablished(request.tcpEstablished())
                        .setExtUnixSk(request.extUnixSk())
                        .setLazyPages(request.lazyPages())
                        .setTrackMem(request.trackMemory())
                        .setLinkRemap(request.linkRemap())
                        .addAllExternal(request.external())
                        .addAllSkipMnt(request.skipMounts());
        request.freezeCgroup().ifPresent(leaf -> opts.setFreezeCgroup(leaf.toString()));
        request.ghostLimitBytes().ifPresent(limit -> opts.setGhostLimit((int) limit));
        request.cpuCapabilities().ifPresent(bits -> opts.setCpuCap((int) bits));
        return CriuRpc.Request.newBuilder().setType(DUMP).setOpts(opts).build();
    }

    static CriuRpc.Request restore(RestoreRequest request) {
        CriuRpc.Options.Builder opts =
                common(request.images(), request.options())
                        .setShellJob(request.shellJob())
                        .setRstSibling(request.rstSibling())
                        .setFileLocks(request.fileLocks())
                        .setTcpEstablished(request.tcpEstablished())
                        .setExtUnixSk(request.extUnixSk())
                        .setLazyPages(request.lazyPages())
                        .setMntnsCompatMode(request.mntnsCompat())
                        .setSkipFileRwxCheck(request.skipFileRwxCheck())
                        .addAllExternal(request.external());
        request.inheritFds()
                .forEach(
                        each ->
                                opts.addInheritFd(
                                        CriuRpc.InheritedDescriptor.newBuilder()
                                                .setKey(each.key())
                                                .setFd(each.fd())));
        request.cpuCapabilities().ifPresent(bits -> opts.setCpuCap((int) bits));
        return CriuRpc.Request.newBuilder().setType(RESTORE).setOpts(opts).build();
    }

    static CriuRpc.Request cpuInfo(int type, ImagesLocation images, CriuOptions options) {
        return CriuRpc.Request.newBuilder()
                .setType(type)
                .setKeepOpen(true)
                .setOpts(common(images, options).clearNotifyScripts())
                .build();
    }

    static CriuRpc.Request version() {
        return CriuRpc.Request.newBuilder().setType(VERSION).setKeepOpen(true).build();
    }

    static CriuRpc.Request features() {
        return CriuRpc.Request.newBuilder()
                .setType(FEATURE_CHECK)
                .setKeepOpen(true)
                .setFeatures(
                        CriuRpc.Features.newBuilder()
                                .setMemTrack(true)
                                .setLazyPages(true)
                                .setPidfdStore(true))
                .build();
    }

    static CriuRpc.Request notified(boolean goOn) {
        return CriuRpc.Request.newBuilder().setType(NOTIFY).setNotifySuccess(goOn).build();
    }

    private static CriuRpc.Options.Builder common(ImagesLocation images, CriuOptions options) {
        CriuRpc.Options.Builder opts =
                CriuRpc.Options.newBuilder()
                        // Required by CRIU; -1 makes it take the path. A descriptor would be looked
                        // up in /proc/PID/fd of the
                        // listening process, which does not exist in the pid namespace of a
                        // capsule.
                        .setImagesDirFd(-1)
                        .setImagesDir(images.seenByCriu())
                        .setLogLevel(options.logLevel())
                        .setLogFile(options.logFile())
                        .setNotifyScripts(true)
                        .setManageCgroupsMode(CGROUPS_IGNORE);
        options.configFile().ifPresent(opts::setConfigFile);
        return opts;
    }
}
