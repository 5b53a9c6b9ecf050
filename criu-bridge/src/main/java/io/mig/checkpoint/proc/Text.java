package io.mig.checkpoint.proc;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Forgiving pieces of parsing for the kernel's text files. */
final class Text {
    private Text() {}

    static String utf8(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    static long decimal(String s, long otherwise) {
        return number(s, 10, otherwise);
    }

    static long hex(String s, long otherwise) {
        return number(s, 16, otherwise);
    }

    static long octal(String s, long otherwise) {
        return number(s, 8, otherwise);
    }

    static int intOf(String s, int otherwise) {
        long n = number(s, 10, Long.MIN_VALUE);
        return n < Integer.MIN_VALUE || n > Integer.MAX_VALUE ? otherwise : (int) n;
    }

    private static long number(String s, int radix, long otherwise) {
        String digits = s.strip();
        if (digits.isEmpty()) {
            return otherwise;
        }
        try {
            // Masks and addresses use all 64 bits.
            return digits.charAt(0) == '-'
                    ? Long.parseLong(digits, radix)
                    : Long.parseUnsignedLong(digits, radix);
        } catch (NumberFormatException e) {
            return otherwise;
        }
    }

    /** Words separated by any run of blanks; no empty words. */
    static List<String> words(String line) {
        List<String> words = new ArrayList<>();
        int start = -1;
        for (int i = 0; i <= line.length(); i++) {
            boolean blank = i == line.length() || line.charAt(i) == ' ' || line.charAt(i) == '\t';
            if (blank && start >= 0) {
                words.add(line.substring(start, i));
                start = -1;
            } else if (!blank && start < 0) {
                start = i;
            }
        }
        return words;
    }

    static List<String> lines(byte[] bytes) {
        return utf8(bytes).lines().toList();
    }

    /** Undoes the kernel's {@code seq_path} escapes (backslash and three octal digits). */
    static String unescape(String s) {
        if (s.indexOf('\\') < 0) {
            return s;
        }
        var out = new java.io.ByteArrayOutputStream(s.length());
        byte[] in = s.getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < in.length; i++) {
            if (in[i] == '\\'
                    && i + 3 < in.length
                    && isOctal(in[i + 1])
                    && isOctal(in[i + 2])
                    && isOctal(in[i + 3])) {
                out.write((in[i + 1] - '0') * 64 + (in[i + 2] - '0') * 8 + (in[i + 3] - '0'));
                i += 3;
            } else {
                out.write(in[i]);
            }
        }
        return out.toString(StandardCharsets.UTF_8);
    }

    private static boolean isOctal(byte b) {
        return b >= '0' && b <= '7';
    }
}
