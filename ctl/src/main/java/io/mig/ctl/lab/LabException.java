package io.mig.ctl.lab;

import io.mig.ctl.host.HostException;

/** Something about a lab did not work; the message is for the person at the terminal. */
public final class LabException extends HostException {
    private static final long serialVersionUID = 1L;

    public LabException(String message) {
        super(message);
    }

    public LabException(String message, Throwable cause) {
        super(message, cause);
    }
}
