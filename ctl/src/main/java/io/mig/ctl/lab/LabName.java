package io.mig.ctl.lab;

import java.util.regex.Pattern;

/**
 * The name of a lab; labs of different names live side by side.
 *
 * @param value a letter, then up to 19 letters, digits and dashes
 */
public record LabName(String value) {
    private static final Pattern VALID = Pattern.compile("[a-z][a-z0-9-]{0,19}");

    public LabName {
        if (!VALID.matcher(value).matches()) {
            throw new LabException(
                    "name="
                            + value
                            + " is no lab name; use a small letter, then up to 19 small letters, digits and dashes");
        }
    }

    @Override
    public String toString() {
        return value;
    }
}
