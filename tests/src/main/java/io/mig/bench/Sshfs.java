package io.mig.bench;

import io.mig.testkit.LabDriver;
import io.mig.testkit.Packages;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A folder of node1 on node2 by sshfs, for comparison. Programs come from Debian packages that are
 * unpacked inside the two nodes of the lab only; the machine itself gets neither them nor a daemon.
 */
final class Sshfs {
    static final String MOUNT = "/mnt/sshfs";

    private static final String UNPACK =
            "for d in DEBS/*.deb; do dpkg-deb --fsys-tarfile $d | tar -x --keep-directory-symlink -C / || exit 1; done; ldconfig";

    private static final String SERVER =
            """
            mkdir -p /run/sshd /shared/ssh && chmod 700 /shared/ssh && cd /shared/ssh
            grep -q ^sshd: /etc/passwd || echo sshd:x:74:65534::/run/sshd:/usr/sbin/nologin >>/etc/passwd
            sed -i 's/^root:[^:]*:/root:*:/' /etc/shadow
            ssh-keygen -q -t ed25519 -N '' -f host && ssh-keygen -q -t ed25519 -N '' -f key
            cat >config <<.
            HostKey /shared/ssh/host
            AuthorizedKeysFile /shared/ssh/key.pub
            StrictModes no
            UsePAM no
            PasswordAuthentication no
            PermitRootLogin prohibit-password
            Subsystem sftp internal-sftp
            .
            /usr/sbin/sshd -f config
            """;

    /** AES-GCM is what our own transport uses; without it sshfs would be slower for nothing. */
    private static final String CLIENT =
            "mkdir -p MOUNT && sshfs root@ADDRESS:FOLDER MOUNT -o IdentityFile=/shared/ssh/key"
                    + " -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null"
                    + " -o Ciphers=aes128-gcm@openssh.com -o Compression=no </dev/null >/dev/null";

    private Sshfs() {}

    /** Mounts; otherwise the reason why that cannot be had here. */
    static Optional<String> mount(LabDriver lab, Path home, String folder, String address) {
        Path packages = home.resolve("target/bench/packages");
        Optional<String> fetched = Packages.binary(home, packages, "sshfs", "openssh-server");
        if (fetched.isPresent()) {
            return fetched;
        }
        String unpack = UNPACK.replace("DEBS", packages.toString());
        for (LabDriver.Answer step :
                new LabDriver.Answer[] {
                    lab.sh("node1", unpack + "\n" + SERVER),
                    lab.sh("node2", unpack),
                    lab.sh(
                            "node2",
                            CLIENT.replace("MOUNT", MOUNT)
                                    .replace("ADDRESS", address)
                                    .replace("FOLDER", folder))
                }) {
            if (step.status() != 0) {
                return Optional.of("status=" + step.status() + " " + step.err());
            }
        }
        return Optional.empty();
    }
}
