package io.mig.migration.source;

import static org.assertj.core.api.Assertions.assertThat;

import io.mig.wire.proto.BirthItem;
import io.mig.wire.proto.BirthLimit;
import java.util.List;
import org.junit.jupiter.api.Test;

class BirthReaderTest {
    @Test
    void shouldNumberLimitsWhenReadAsTheKernelWritesThem() {
        BirthItem.Builder item = BirthItem.newBuilder();

        BirthReader.limits(
                List.of(
                        "Limit                     Soft Limit           Hard Limit           Units     ",
                        "Max cpu time              unlimited            unlimited            seconds   ",
                        "Max open files            1024                 524288               files     ",
                        "Max nice priority         0                    0                    ",
                        "Max new kind              1                    2                    things    ",
                        "garbage"),
                item);

        assertThat(item.getLimitsList())
                .containsExactly(limit(0, -1, -1), limit(7, 1024, 524288), limit(13, 0, 0));
    }

    private static BirthLimit limit(int resource, long soft, long hard) {
        return BirthLimit.newBuilder().setResource(resource).setSoft(soft).setHard(hard).build();
    }
}
