package io.mig.checkpoint;

import java.time.Duration;
import java.util.Objects;
import java.util.Optional;

/**
 * What every CRIU request has.
 *
 * @param logLevel CRIU's verbosity: 1 errors, 2 warnings (our default: cheap and enough to quote),
 *     4 debug
 * @param logFile plain name inside the image directory
 * @param answerTimeout longest silence of CRIU we accept; time spent in listeners does not count.
 *     When it passes the criu process is killed and the outcome is unknown
 * @param configFile a file in CRIU's configuration format that overrides the request, as the criu
 *     process sees it (the only way to set what RPC lacks, such as {@code file-validation} or
 *     {@code work-dir}); empty for none
 */
public record CriuOptions(
        int logLevel, String logFile, Duration answerTimeout, Optional<String> configFile) {
    public CriuOptions {
        Objects.requireNonNull(configFile);
        if (logLevel < 0 || logLevel > 4) {
            throw new IllegalArgumentException("CRIU knows log levels 0 to 4, not " + logLevel);
        }
        if (logFile.isBlank() || logFile.contains("/")) {
            throw new IllegalArgumentException("log file must be a plain name: " + logFile);
        }
        if (answerTimeout.isNegative() || answerTimeout.isZero()) {
            throw new IllegalArgumentException("answer timeout must be positive: " + answerTimeout);
        }
    }

    public static CriuOptions defaults(String logFile) {
        return new CriuOptions(2, logFile, Duration.ofSeconds(60), Optional.empty());
    }

    CriuOptions withLogLevel(int value) {
        return new CriuOptions(value, logFile, answerTimeout, configFile);
    }

    CriuOptions withLogFile(String value) {
        return new CriuOptions(logLevel, value, answerTimeout, configFile);
    }

    CriuOptions withAnswerTimeout(Duration value) {
        return new CriuOptions(logLevel, logFile, value, configFile);
    }

    CriuOptions withConfigFile(String value) {
        return new CriuOptions(logLevel, logFile, answerTimeout, Optional.of(value));
    }
}
