package io.mig.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;

final class KernelUnitsTest {
    @Test
    void shouldFindBothUnitsWhenTheVectorHasThem() {
        byte[] vector =
                ByteBuffer.allocate(64)
                        .order(ByteOrder.nativeOrder())
                        .putLong(33)
                        .putLong(1)
                        .putLong(6)
                        .putLong(65536)
                        .putLong(17)
                        .putLong(250)
                        .array();

        assertThat(KernelUnits.parse(vector)).isEqualTo(new KernelUnits(65536, 250));
    }

    @Test
    void shouldTakeTheUsualUnitsWhenTheVectorIsCut() {
        assertThat(KernelUnits.parse(new byte[] {6, 0, 0})).isEqualTo(new KernelUnits(4096, 100));
    }

    @Test
    void shouldAnswerOnTheLiveSystem() {
        assertThat(KernelUnits.ofThisMachine().pageBytes()).isIn(4096L, 16384L, 65536L);
        assertThat(KernelUnits.ofThisMachine().ticksPerSecond()).isPositive();
    }
}
