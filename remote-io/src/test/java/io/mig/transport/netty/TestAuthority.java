package io.mig.transport.netty;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A throw-away authority made with the openssl command. */
final class TestAuthority {
    private final Path directory;

    TestAuthority(Path directory) throws IOException, InterruptedException {
        this.directory = Files.createDirectories(directory);
        run("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "ca.key");
        run(
                "openssl", "req", "-x509", "-new", "-key", "ca.key", "-days", "2", "-subj",
                "/CN=ca", "-out", "ca.crt");
    }

    TlsIdentity issue(String cluster, String node) throws IOException, InterruptedException {
        Path own = Files.createDirectories(directory.resolve(node));
        run(
                "openssl",
                "ecparam",
                "-name",
                "prime256v1",
                "-genkey",
                "-noout",
                "-out",
                node + "/raw.key");
        run(
                "openssl",
                "pkcs8",
                "-topk8",
                "-nocrypt",
                "-in",
                node + "/raw.key",
                "-out",
                node + "/node.key");
        run(
                "openssl",
                "req",
                "-new",
                "-key",
                node + "/node.key",
                "-subj",
                "/CN=" + node,
                "-out",
                node + "/csr");
        Files.writeString(
                own.resolve("ext"), "subjectAltName=URI:mig://" + cluster + "/node/" + node + "\n");
        run(
                "openssl",
                "x509",
                "-req",
                "-in",
                node + "/csr",
                "-CA",
                "ca.crt",
                "-CAkey",
                "ca.key",
                "-CAcreateserial",
                "-days",
                "2",
                "-extfile",
                node + "/ext",
                "-out",
                node + "/node.crt");
        Files.copy(directory.resolve("ca.crt"), own.resolve("ca.crt"));
        return TlsIdentity.in(own, cluster);
    }

    private void run(String... command) throws IOException, InterruptedException {
        Process process =
                new ProcessBuilder(List.of(command))
                        .directory(directory.toFile())
                        .redirectErrorStream(true)
                        .start();
        String output =
                new String(
                        process.getInputStream().readAllBytes(),
                        java.nio.charset.StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IOException(String.join(" ", command) + ": " + output);
        }
    }
}
