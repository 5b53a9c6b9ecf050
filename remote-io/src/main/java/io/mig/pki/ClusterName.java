package io.mig.pki;

import java.util.regex.Pattern;

/** Checks names of clusters: they stand in certificates. */
final class ClusterName {
    private static final Pattern FORM = Pattern.compile("[a-z0-9][a-z0-9-]{0,62}");

    private ClusterName() {}

    static String checked(String name) {
        if (!FORM.matcher(name).matches()) {
            throw new PkiException(
                    "cluster name=" + name + " is not of the form [a-z0-9][a-z0-9-]{0,62}");
        }
        return name;
    }
}
