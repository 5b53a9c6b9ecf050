package io.mig.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

final class PressureReaderTest {
    @Test
    void shouldReadFractionsWhenLinesAreAsDocumented() {
        assertThat(
                        PressureReader.parse(
                                List.of(
                                        "some avg10=12.50 avg60=3.25 avg300=1.00 total=123456789",
                                        "full avg10=4.00 avg60=0.00 avg300=0.00 total=99")))
                .contains(new Pressure(0.125, 0.0325, 0.04, 123456789));
    }

    @Test
    void shouldReadZeroFullPressureWhenTheKernelHasNone() {
        assertThat(PressureReader.parse(List.of("some avg10=1.00 avg60=0.00 avg300=0.00 total=7")))
                .contains(new Pressure(0.01, 0, 0, 7));
    }

    @Test
    void shouldStayInRangeWhenTextIsOdd() {
        assertThat(PressureReader.parse(List.of("some avg10=250.00 avg60=x total=")))
                .contains(new Pressure(1, 0, 0, 0));
        assertThat(PressureReader.parse(List.of())).isEmpty();
        assertThat(PressureReader.parse(List.of("nonsense"))).isEmpty();
    }

    @Test
    void shouldBeEmptyWhenThereIsNoSuchFile() {
        assertThat(PressureReader.read(Path.of("/proc/pressure/no-such-resource"))).isEmpty();
    }
}
