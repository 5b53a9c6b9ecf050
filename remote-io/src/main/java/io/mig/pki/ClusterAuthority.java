package io.mig.pki;

import io.mig.model.NodeId;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Date;
import java.util.HexFormat;
import java.util.Optional;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.ContentSigner;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/**
 * The cluster's certificate authority (EC P-256), kept in {@code authority/} of one node's pki
 * directory: {@code ca.key} (0600), {@code ca.crt}, {@code tokens/ID}, {@code issued/NODE}. Signs
 * one certificate per node, valid for a year. Thread-safe by locking; several processes may use the
 * same directory, because every decision is one atomic file operation.
 */
public final class ClusterAuthority {
    static final String DIRECTORY = "authority";
    private static final Duration AUTHORITY_LIFE = Duration.ofDays(3650);
    private static final Duration NODE_LIFE = Duration.ofDays(365);

    /** Clocks of nodes may differ a little. */
    private static final Duration BACKDATED = Duration.ofMinutes(10);

    private final Path directory;
    private final String cluster;
    private final PrivateKey key;
    private final X509Certificate certificate;
    private final InstantSource clock;
    private final SecureRandom random = new SecureRandom();

    private ClusterAuthority(
            Path directory,
            String cluster,
            PrivateKey key,
            X509Certificate certificate,
            InstantSource clock) {
        this.directory = directory;
        this.cluster = cluster;
        this.key = key;
        this.certificate = certificate;
        this.clock = clock;
    }

    /**
     * Makes a new authority.
     *
     * @throws PkiException when there is one already
     */
    public static ClusterAuthority init(Path pkiDirectory, String cluster, InstantSource clock)
            throws IOException {
        Path directory = pkiDirectory.resolve(DIRECTORY);
        ClusterName.checked(cluster);
        Path file = directory.resolve("ca.crt");
        if (Files.exists(file)) {
            throw new PkiException(
                    "there is an authority already, file="
                            + file
                            + ": every node of its cluster trusts it; to start over remove the directory on all nodes");
        }
        createSecretDirectory(directory);
        createSecretDirectory(directory.resolve("tokens"));
        createSecretDirectory(directory.resolve("issued"));
        KeyPair pair = newKeyPair();
        X500Name subject = new X500Name("CN=mig authority,O=" + cluster);
        Instant now = clock.instant();
        try {
            JcaX509ExtensionUtils extensions = new JcaX509ExtensionUtils();
            JcaX509v3CertificateBuilder builder =
                    new JcaX509v3CertificateBuilder(
                            subject,
                            serial(new SecureRandom()),
                            Date.from(now.minus(BACKDATED)),
                            Date.from(now.plus(AUTHORITY_LIFE)),
                            subject,
                            pair.getPublic());
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(0));
            builder.addExtension(
                    Extension.keyUsage,
                    true,
                    new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
            builder.addExtension(
                    Extension.subjectKeyIdentifier,
                    false,
                    extensions.createSubjectKeyIdentifier(pair.getPublic()));
            builder.addExtension(
                    Extension.subjectAlternativeName,
                    false,
                    new GeneralNames(
                            new GeneralName(
                                    GeneralName.uniformResourceIdentifier,
                                    "mig://" + cluster + "/authority")));
            X509Certificate certificate =
                    new JcaX509CertificateConverter()
                            .getCertificate(builder.build(signer(pair.getPrivate())));
            PemFiles.writeKey(directory.resolve("ca.key"), pair.getPrivate());
            PemFiles.writeCertificate(file, certificate);
            return new ClusterAuthority(directory, cluster, pair.getPrivate(), certificate, clock);
        } catch (GeneralSecurityException | OperatorCreationException e) {
            throw new PkiException("cannot make an authority for cluster=" + cluster + ": " + e, e);
        }
    }

    /** The authority of this pki directory, if it holds one. */
    public static Optional<ClusterAuthority> open(Path pkiDirectory, InstantSource clock) {
        Path directory = pkiDirectory.resolve(DIRECTORY);
        if (!Files.exists(directory.resolve("ca.crt"))) {
            return Optional.empty();
        }
        X509Certificate certificate = PemFiles.readCertificate(directory.resolve("ca.crt"));
        String subject = certificate.getSubjectX500Principal().getName();
        int at = subject.indexOf("O=");
        if (at < 0) {
            throw new PkiException(
                    "file=" + directory.resolve("ca.crt") + " is no authority of a mig cluster");
        }
        String cluster = ClusterName.checked(subject.substring(at + 2).split(",", 2)[0]);
        return Optional.of(
                new ClusterAuthority(
                        directory,
                        cluster,
                        PemFiles.readKey(directory.resolve("ca.key")),
                        certificate,
                        clock));
    }

    public String cluster() {
        return cluster;
    }

    /** The authority's key, for what else the cluster trusts its word in: policies. */
    public PrivateKey signingKey() {
        return key;
    }

    public X509Certificate certificate() {
        return certificate;
    }

    /**
     * Makes a complete identity, key included: for the node that holds the authority, and where one
     * hand sets up all nodes. Nodes that only trust the network use a {@link JoinToken}.
     *
     * @throws PkiException when the name was given out before
     */
    public NodeIdentity issue(NodeId node) throws IOException {
        KeyPair pair = newKeyPair();
        return new NodeIdentity(
                new NodeUri(cluster, node),
                pair.getPrivate(),
                sign(node, pair.getPublic(), false),
                certificate);
    }

    /**
     * Signs a node's public key.
     *
     * @param replace whether the name may have been given out before (a node that was set up again)
     * @throws PkiException when it was and may not
     */
    X509Certificate sign(NodeId node, PublicKey publicKey, boolean replace) throws IOException {
        BigInteger serial = serial(random);
        X509Certificate signed;
        try {
            signed = build(node, publicKey, serial, clock.instant().plus(NODE_LIFE));
        } catch (GeneralSecurityException | OperatorCreationException | IOException e) {
            throw new PkiException("cannot sign a certificate for node=" + node + ": " + e, e);
        }
        record(node, serial, replace);
        return signed;
    }

    /**
     * Remembers what was given out; creating the file is what decides between two nodes of one
     * name.
     */
    private void record(NodeId node, BigInteger serial, boolean replace) throws IOException {
        Path file = directory.resolve("issued").resolve(node.name());
        String text = "serial=" + serial.toString(16) + "\nissued=" + clock.instant() + "\n";
        if (replace) {
            PemFiles.write(file, text, PemFiles.SECRET);
            return;
        }
        try {
            Files.createFile(file, PosixFilePermissions.asFileAttribute(PemFiles.SECRET));
        } catch (FileAlreadyExistsException e) {
            throw taken(node);
        }
        PemFiles.write(file, text, PemFiles.SECRET);
    }

    boolean hasIssued(NodeId node) {
        return Files.exists(directory.resolve("issued").resolve(node.name()));
    }

    PkiException taken(NodeId node) {
        return new PkiException(
                "the name node="
                        + node
                        + " is taken in cluster="
                        + cluster
                        + ": choose another, or make a token for exactly this node to replace it");
    }

    /** For tests too: a certificate that is over already. */
    X509Certificate build(NodeId node, PublicKey publicKey, BigInteger serial, Instant notAfter)
            throws IOException, GeneralSecurityException, OperatorCreationException {
        JcaX509ExtensionUtils extensions = new JcaX509ExtensionUtils();
        Instant notBefore = clock.instant().minus(BACKDATED);
        JcaX509v3CertificateBuilder builder =
                new JcaX509v3CertificateBuilder(
                        X500Name.getInstance(certificate.getSubjectX500Principal().getEncoded()),
                        serial,
                        Date.from(
                                notBefore.isBefore(notAfter)
                                        ? notBefore
                                        : notAfter.minus(BACKDATED)),
                        Date.from(notAfter),
                        new X500Name("CN=" + node + ",O=" + cluster),
                        publicKey);
        builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(false));
        builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature));
        builder.addExtension(
                Extension.extendedKeyUsage,
                false,
                new ExtendedKeyUsage(
                        new KeyPurposeId[] {
                            KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth
                        }));
        builder.addExtension(
                Extension.authorityKeyIdentifier,
                false,
                extensions.createAuthorityKeyIdentifier(certificate));
        builder.addExtension(
                Extension.subjectAlternativeName,
                false,
                new GeneralNames(
                        new GeneralName(
                                GeneralName.uniformResourceIdentifier,
                                new NodeUri(cluster, node).toString())));
        return new JcaX509CertificateConverter().getCertificate(builder.build(signer(key)));
    }

    /**
     * Makes a token with which one node may join once.
     *
     * @param host where {@link JoinServer} of this node can be reached
     * @param onlyFor the only node that may use it; such a token may also replace a node of that
     *     name
     */
    public JoinToken newToken(String host, int port, Duration validity, Optional<NodeId> onlyFor)
            throws IOException {
        byte[] id = new byte[8];
        byte[] secret = new byte[32];
        random.nextBytes(id);
        random.nextBytes(secret);
        JoinToken token =
                new JoinToken(
                        host,
                        port,
                        clock.instant().plus(validity),
                        HexFormat.of().formatHex(id),
                        HexFormat.of().formatHex(secret),
                        JoinToken.pin(certificate));
        tokens().add(token, onlyFor);
        return token;
    }

    TokenStore tokens() {
        return new TokenStore(directory.resolve("tokens"), clock);
    }

    static KeyPair newKeyPair() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new PkiException("this Java runtime has no EC P-256 keys: " + e, e);
        }
    }

    static BigInteger serial(SecureRandom random) {
        return new BigInteger(127, random).setBit(126);
    }

    private static ContentSigner signer(PrivateKey key) throws OperatorCreationException {
        return new JcaContentSignerBuilder("SHA256withECDSA").build(key);
    }

    private static void createSecretDirectory(Path directory) throws IOException {
        Files.createDirectories(
                directory, PosixFilePermissions.asFileAttribute(PemFiles.SECRET_DIRECTORY));
        // directories that existed keep their mode with createDirectories
        Files.setPosixFilePermissions(directory, PemFiles.SECRET_DIRECTORY);
    }
}
