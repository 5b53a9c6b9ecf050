package io.mig.migration.preflight;

import io.mig.checkpoint.proc.ProcessFacts;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Does it work there? */
final class TargetRules {
    /** What a capsule and its image need beside the memory of the tree. */
    static final long SPARE_BYTES = 32L << 20;

    private static final int MOST_NAMES = 8;

    /**
     * Flags that tell about the kernel, virtualisation, power or bugs, not about what programs can
     * execute.
     */
    private static final Set<String> NOT_INSTRUCTIONS =
            Set.of(
                    ("acpi amd_dcm amd_ibpb_ret amd_lbr_v2 amd_ppin aperfmperf apic arat arch_capabilities"
                                    + " arch_lbr arch_perfmon art auto_ibrs bpext bts cat_l2 cat_l3 cdp_l2 cdp_l3 cmp_legacy"
                                    + " constant_tsc cpb cppc cpuid cpuid_fault cqm cqm_llc cqm_mbm_local cqm_mbm_total"
                                    + " cqm_occup_llc cr8_legacy cxmsr dca de debug_swap decodeassists ds_cpl dtes64 dtherm dts"
                                    + " epb ept ept_ad est extapic extd_apicid flexpriority flush_l1d flushbyasid hfi ht"
                                    + " hw_pstate hwp hwp_act_window hwp_epp hwp_notify hwp_pkg_req hypervisor ibpb ibrs"
                                    + " ibrs_enhanced ibs ida intel_ppin intel_pt invpcid invpcid_single ipred_ctrl irperf"
                                    + " lbrv l1d_flush mba mca mce mcext md_clear monitor msr mtrr"
                                    + " nodeid_msr nonstop_tsc nopl npt nrip_save nrip_saved osvw overflow_recov pae pat pbe"
                                    + " pcid pconfig pdcm pdpe1gb pebs perfctr_core perfctr_llc perfctr_nb perfmon_v2 pfthreshold"
                                    + " pge pln pse pse36 pti ptsc pts rapl rdt_a retpoline rrsba_ctrl rsb_ctxsw sdbg"
                                    + " sev sev_es sev_snp skinit sme smap smca smep smx spec_ctrl ss ssbd stibp stibp_always_on"
                                    + " succor svm svm_lock tdx_guest tdx_host_platform tm tm2 topoext tpr_shadow"
                                    + " tsc_adjust tsc_deadline_timer tsc_known_freq tsc_reliable tsc_scale"
                                    + " umip v_spec_ctrl v_vmsave_vmload vgif virt_ssbd vmcb_clean vme vmmcall vmx vnmi"
                                    + " vpid wdt x2apic x2avic xtopology xtpr")
                            .split(" "));

    private record Feature(int major, int minor, String name) {}

    /** Kernel features that programs or CRIU come to depend on once a process has run with them. */
    private static final List<Feature> KERNEL_FEATURES =
            List.of(
                    new Feature(5, 5, "clone3 with chosen pids"),
                    new Feature(5, 6, "time namespaces"),
                    new Feature(5, 13, "restartable sequences for CRIU"),
                    new Feature(5, 14, "cgroup.kill"),
                    new Feature(5, 15, "mount groups for CRIU"),
                    new Feature(6, 3, "extended restartable sequences"));

    private TargetRules() {}

    static void apply(Findings f, TargetFacts t) {
        String node = "node " + t.node();
        AgentFacts agent = f.facts().agent();
        if (t.node().equals(agent.node())) {
            f.add(
                    ObstacleCode.SAME_NODE,
                    f.owner(f.tree().root()),
                    "it already runs on node " + t.node(),
                    "there is nothing to do",
                    "choose another node, see 'mig nodes'");
            return;
        }
        if (t.down().isPresent()) {
            f.add(
                    ObstacleCode.TARGET_DOWN,
                    node,
                    "it cannot be reached (" + t.down().get() + ")",
                    "nothing can be sent to it",
                    "start its agent or repair the network, see 'mig nodes'");
            return;
        }
        versions(f, t, node);
        cpu(f, t, node);
        room(f, t, node);
        if (!f.policy().filesComeAlong()) {
            files(f, t);
        } else if (!t.homeTree()) {
            f.add(
                    ObstacleCode.NOT_ON_TARGET,
                    node,
                    "it does not serve the files of node " + f.policy().homeTree(),
                    "the process lives in those files",
                    "set home_files = true in its agent's configuration, or choose another node");
        }
    }

    private static void versions(Findings f, TargetFacts t, String node) {
        SourceFacts s = f.facts();
        if (!t.criuVersion().equals(s.criuVersion()) || !atLeast(t.criuVersion(), 4, 2)) {
            f.add(
                    ObstacleCode.CRIU_VERSION,
                    node,
                    "it has CRIU "
                            + shown(t.criuVersion())
                            + ", this node has "
                            + shown(s.criuVersion()),
                    "both must have the same version, 4.2 or newer",
                    "run 'mig doctor --fix' on the node with the older one");
        }
        if (!t.arch().equals(s.arch())) {
            f.add(
                    ObstacleCode.ARCHITECTURE,
                    node,
                    "its processors are "
                            + shown(t.arch())
                            + ", those of this node "
                            + shown(s.arch()),
                    "machine code runs on its own architecture only",
                    "choose a node with " + shown(s.arch()));
        }
        List<String> missing =
                KERNEL_FEATURES.stream()
                        .filter(
                                k ->
                                        atLeast(s.machine().kernel(), k.major(), k.minor())
                                                && !atLeast(t.kernel(), k.major(), k.minor()))
                        .map(Feature::name)
                        .toList();
        if (!missing.isEmpty()) {
            f.add(
                    ObstacleCode.KERNEL,
                    node,
                    "its kernel "
                            + shown(t.kernel())
                            + " is older than "
                            + s.machine().kernel()
                            + " here and lacks "
                            + String.join(", ", missing),
                    "the process may depend on it",
                    "boot a newer kernel there");
        }
    }

    private static void cpu(Findings f, TargetFacts t, String node) {
        if (!t.arch().equals(f.facts().arch())) {
            return;
        }
        Set<String> missing = new TreeSet<>(f.facts().machine().cpuFlags());
        missing.removeAll(t.cpuFlags());
        missing.removeAll(NOT_INSTRUCTIONS);
        if (!missing.isEmpty()) {
            String names =
                    missing.stream().limit(MOST_NAMES).collect(Collectors.joining(", "))
                            + (missing.size() > MOST_NAMES
                                    ? " and " + (missing.size() - MOST_NAMES) + " more"
                                    : "");
            f.add(
                    ObstacleCode.CPU_FEATURES,
                    node,
                    "its processors lack " + names,
                    "the program may have chosen code that uses what it found here, and would die of an illegal"
                            + " instruction",
                    "choose a node with processors at least as new");
        }
    }

    private static void room(Findings f, TargetFacts t, String node) {
        if (t.maxGuests() > 0 && t.guests() >= t.maxGuests()) {
            f.add(
                    ObstacleCode.TARGET_FULL,
                    node,
                    "it has " + t.guests() + " guests of at most " + t.maxGuests(),
                    "it takes no more",
                    "choose another node, or raise its limit (max guests) in its agent's configuration");
        }
        if (!t.noRoom().isEmpty()) {
            f.add(
                    ObstacleCode.TARGET_DISK,
                    node,
                    t.noRoom(),
                    "its agent could not note what it takes",
                    "free space there, or choose another node");
        }
        long needed =
                f.tree().rssBytes()
                        + f.tree().processes().stream()
                                .map(ProcessFacts::status)
                                .mapToLong(s -> s.swapBytes())
                                .sum()
                        + SPARE_BYTES;
        if (needed > t.memoryAvailableBytes()) {
            f.add(
                    ObstacleCode.TARGET_MEMORY,
                    node,
                    "it has " + FileRules.bytes(t.memoryAvailableBytes()) + " of memory to give",
                    FileRules.bytes(needed) + " are needed",
                    "choose another node, see 'mig nodes'");
        }
    }

    private static void files(Findings f, TargetFacts t) {
        Map<String, String> subjects = new HashMap<>();
        for (FileNeed need : FileNeeds.of(f.facts(), f.policy())) {
            subjects.putIfAbsent(need.access() + need.path(), need.subject());
            f.policy()
                    .sharedFolderOf(need.path())
                    .filter(folder -> !t.provenShared().contains(folder))
                    .ifPresent(
                            folder ->
                                    f.add(
                                            ObstacleCode.SHARE_NOT_PROVEN,
                                            "node " + t.node(),
                                            "its folder "
                                                    + folder
                                                    + " is not the same storage as here",
                                            "a file written here could not be read there, and the process uses files in it",
                                            "mount the shared storage there and declare it in its agent's configuration"));
        }
        for (FileMismatch m : t.mismatches()) {
            if (f.policy()
                    .sharedFolderOf(m.path())
                    .filter(folder -> !t.provenShared().contains(folder))
                    .isPresent()) {
                continue;
            }
            String subject = subjects.getOrDefault(m.access() + m.path(), f.owner(f.tree().root()));
            // in storage proven to be the same: it came or went since it was looked at here
            boolean passing = f.policy().sharedFolderOf(m.path()).isPresent();
            f.addObstacle(
                    m.kind() == FileMismatch.Kind.MISSING
                            ? ObstacleCode.NOT_ON_TARGET
                            : ObstacleCode.DIFFERENT_ON_TARGET,
                    subject,
                    "it uses "
                            + m.path()
                            + ", which node "
                            + t.node()
                            + " does not have in this form: "
                            + m.detail(),
                    "the program would find something else there",
                    m.access() == FileNeed.Access.FOLDER
                            ? "make the same folder there, or start the program from one that all nodes have"
                            : "install the same version there, or put the file into a shared folder",
                    passing);
        }
    }

    private static String shown(String text) {
        return text.isEmpty() ? "unknown" : text;
    }

    /** Leading numbers of a version: {@code 6.18.4-amd64} is at least 6.7. */
    static boolean atLeast(String version, int major, int minor) {
        String[] parts = version.split("[^0-9]+", 3);
        if (parts.length < 2 || parts[0].isEmpty() || parts[1].isEmpty()) {
            return false;
        }
        if (parts[0].length() > 6 || parts[1].length() > 6) {
            return false;
        }
        int m = Integer.parseInt(parts[0]);
        return m > major || (m == major && Integer.parseInt(parts[1]) >= minor);
    }
}
