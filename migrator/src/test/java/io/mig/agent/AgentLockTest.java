package io.mig.agent;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AgentLockTest {
    @TempDir private Path directory;

    @Test
    void shouldRefuseASecondAgentUntilTheFirstIsGone() throws IOException {
        AgentLock first = AgentLock.take(directory);
        assertThatThrownBy(() -> AgentLock.take(directory))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("another agent runs");
        first.close();
        assertThatCode(() -> AgentLock.take(directory).close()).doesNotThrowAnyException();
    }
}
