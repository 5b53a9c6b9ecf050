package io.mig.ctl;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;

/** What went wrong with a file, in words instead of the names of exceptions. */
final class FileFailures {
    private FileFailures() {}

    static String sentence(IOException failure) {
        return switch (failure) {
            case NoSuchFileException missing ->
                    "there is no file or directory=" + missing.getFile();
            case AccessDeniedException denied ->
                    "no permission for file=" + denied.getFile() + "; to do: run it as root";
            default -> "cannot read or write: " + failure;
        };
    }
}
