package io.mig.ctl.lab;

import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;

/**
 * The addresses of a lab: 10.x.y.0/24, chosen by the lab's name. The lab's network is a namespace
 * of its own, so two labs with the same subnet would not disturb each other; different ones only
 * make logs easier to tell apart.
 */
record Subnet(int second, int third) {
    private static final int FIRST_HOST = 10;

    static Subnet of(LabName name) {
        CRC32 crc = new CRC32();
        crc.update(name.value().getBytes(StandardCharsets.UTF_8));
        // 10.64 to 10.127: out of the way of the low ranges that people like
        return new Subnet(64 + (int) (crc.getValue() % 64), (int) (crc.getValue() / 64 % 256));
    }

    String address(LabNode node) {
        return "10." + second + "." + third + "." + (FIRST_HOST + node.number());
    }

    String addressWithLength(LabNode node) {
        return address(node) + "/24";
    }
}
