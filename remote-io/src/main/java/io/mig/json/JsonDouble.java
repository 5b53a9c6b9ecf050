package io.mig.json;

/** A JSON number with a fraction or an exponent; always finite. */
public record JsonDouble(double number) implements JsonValue {
    public JsonDouble {
        if (!Double.isFinite(number)) {
            throw new IllegalArgumentException("JSON has no such number: number=" + number);
        }
    }
}
