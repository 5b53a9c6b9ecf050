package io.mig.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

final class JsonTest {
    @Test
    void shouldReadBackWhatItWroteWhenValuesAreOfEveryKind() {
        JsonObject value =
                JsonObject.builder()
                        .put("text", "ü \"quoted\"\nline\u0001")
                        .put("nothing", (String) null)
                        .put("whole", Long.MIN_VALUE)
                        .put("part", 0.25)
                        .put("yes", true)
                        .put(
                                "list",
                                JsonArray.of(JsonValue.of(1), JsonObject.EMPTY, JsonArray.EMPTY))
                        .build();

        String line = Json.write(value);

        assertThat(line).doesNotContain("\n");
        assertThat(Json.parse(line)).isEqualTo(value);
        assertThat(Json.parseObject(line.getBytes(StandardCharsets.UTF_8))).isEqualTo(value);
    }

    @Test
    void shouldKeepTheOrderOfFieldsWhenWriting() {
        assertThat(Json.write(Json.parse("{\"z\":1,\"a\":2,\"m\":3}")))
                .isEqualTo("{\"z\":1,\"a\":2,\"m\":3}");
    }

    @Test
    void shouldWriteNullWhenANumberIsNotFinite() {
        assertThat(Json.write(JsonObject.builder().put("cpu", Double.NaN).build()))
                .isEqualTo("{\"cpu\":null}");
    }

    @Test
    void shouldAnswerAbsentWhenAFieldHasAnotherType() {
        JsonObject object = (JsonObject) Json.parse("{\"n\":\"seven\",\"s\":7,\"d\":1.5}");

        assertThat(object.integer("n")).isEmpty();
        assertThat(object.string("s")).isNull();
        assertThat(object.string("s", "-")).isEqualTo("-");
        assertThat(object.number("s")).hasValue(7.0);
        assertThat(object.number("d")).hasValue(1.5);
        assertThat(object.integer("d")).isEmpty();
        assertThat(object.isTrue("s")).isFalse();
        assertThat(object.object("s")).isEqualTo(JsonObject.EMPTY);
        assertThat(object.array("s")).isEqualTo(JsonArray.EMPTY);
        assertThatThrownBy(() -> object.requireString("s")).isInstanceOf(JsonException.class);
    }

    @Test
    void shouldRefuseWhenTextIsNotOneJsonValue() {
        for (String text :
                new String[] {
                    "",
                    " ",
                    "{",
                    "{\"a\":}",
                    "[1,]",
                    "{} {}",
                    "nul",
                    "{\"a\":1,\"a\":2}",
                    "99999999999999999999",
                    "\u0000",
                    "[\"a",
                }) {
            assertThatThrownBy(() -> Json.parse(text)).as(text).isInstanceOf(JsonException.class);
            assertThatThrownBy(() -> Json.parse(text.getBytes(StandardCharsets.UTF_8)))
                    .as(text)
                    .isInstanceOf(JsonException.class);
        }
    }

    @Test
    void shouldRefuseWhenNestingIsTooDeep() {
        String deep = "[".repeat(Json.MAX_DEPTH + 1) + "]".repeat(Json.MAX_DEPTH + 1);

        assertThatThrownBy(() -> Json.parse(deep)).isInstanceOf(JsonException.class);
        assertThat(Json.parse("[".repeat(Json.MAX_DEPTH) + "]".repeat(Json.MAX_DEPTH)))
                .isInstanceOf(JsonArray.class);
    }

    @Test
    void shouldRefuseWhenBytesAreNoUtf8() {
        assertThatThrownBy(() -> Json.parse(new byte[] {'"', (byte) 0xff, (byte) 0xfe, '"'}))
                .isInstanceOf(JsonException.class);
    }
}
