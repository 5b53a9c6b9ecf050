package io.mig.agent.control;

import io.mig.json.Json;
import io.mig.json.JsonObject;
import io.mig.json.JsonValue;
import java.nio.charset.StandardCharsets;

/** Lines that the agent sends, as {@code ctl/README.md} describes them. */
final class Answer {
    /** Longest line that clients take. */
    static final int MAX_LINE = 16 << 20;

    private Answer() {}

    static byte[] progress(JsonObject facts) {
        return line(JsonObject.builder().put("event", "progress").putAll(facts).build());
    }

    static byte[] ok(JsonValue result) {
        byte[] line = line(JsonObject.builder().put("ok", true).put("result", result).build());
        return line.length <= MAX_LINE
                ? line
                : fail(
                        "INTERNAL",
                        "the answer is too long: bytes=" + line.length + " limit=" + MAX_LINE,
                        "ask for less",
                        JsonObject.EMPTY);
    }

    static byte[] fail(String code, String message, String remedy, JsonObject detail) {
        JsonObject.Builder error =
                JsonObject.builder()
                        .put("code", code)
                        .put("message", message)
                        .put("remedy", remedy);
        if (!detail.fields().isEmpty()) {
            error.put("detail", detail);
        }
        return line(JsonObject.builder().put("ok", false).put("error", error.build()).build());
    }

    private static byte[] line(JsonObject value) {
        return (Json.write(value) + "\n").getBytes(StandardCharsets.UTF_8);
    }
}
