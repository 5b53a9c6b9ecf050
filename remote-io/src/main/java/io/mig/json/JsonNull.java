package io.mig.json;

/** JSON {@code null}: a fact that is not known or does not apply. */
public enum JsonNull implements JsonValue {
    /** The only one. */
    NULL
}
