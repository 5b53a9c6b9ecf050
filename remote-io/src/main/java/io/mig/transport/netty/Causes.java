package io.mig.transport.netty;

import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.NotSslRecordException;
import java.net.ConnectException;
import java.nio.channels.ClosedChannelException;
import java.security.cert.CertificateException;
import javax.net.ssl.SSLException;

/** Why a connection ended, in words for the reader. */
final class Causes {
    private Causes() {}

    static String text(Throwable cause) {
        for (Throwable c = cause; c != null; c = c.getCause()) {
            switch (c) {
                case ProtocolException e -> {
                    return String.valueOf(e.getMessage());
                }
                case CertificateException e -> {
                    return brief(String.valueOf(e.getMessage()));
                }
                case NotSslRecordException _ -> {
                    return "it does not speak TLS";
                }
                default -> {
                    // look further
                }
            }
        }
        return switch (cause) {
            case DecoderException e when e.getCause() != null -> text(e.getCause());
            case ConnectException _ -> "connection refused, no agent listens there";
            case ClosedChannelException _ -> "connection closed";
            case SSLException e -> "TLS failed: " + brief(String.valueOf(e.getMessage()));
            default -> brief(cause.getMessage() == null ? cause.toString() : cause.getMessage());
        };
    }

    /** A stranger's text, fit for a log line. */
    static String brief(String text) {
        String printable = text.replaceAll("[^\\x20-\\x7e]", "?");
        return printable.length() > 400 ? printable.substring(0, 400) + "..." : printable;
    }
}
