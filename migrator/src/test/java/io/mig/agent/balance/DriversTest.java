package io.mig.agent.balance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DriversTest {
    @TempDir Path directory;

    private boolean script(String firstLine) throws IOException {
        return Drivers.isOne(
                Files.writeString(directory.resolve("script"), firstLine + "\nrest\n"));
    }

    @Test
    void shouldKnowShellsAndTheirScripts() throws IOException {
        assertThat(Drivers.isOne(Path.of("/usr/bin/make"))).isTrue();
        assertThat(script("#!/bin/bash -e")).isTrue();
        assertThat(script("#! /usr/bin/env dash")).isTrue();
    }

    @Test
    void shouldLeaveOtherProgramsAlone() throws IOException {
        assertThat(Drivers.isOne(Path.of("/usr/bin/perl"))).isFalse();
        assertThat(script("#!/usr/bin/env perl")).isFalse();
        assertThat(script("no script")).isFalse();
        assertThat(Drivers.isOne(directory.resolve("missing"))).isFalse();
    }
}
