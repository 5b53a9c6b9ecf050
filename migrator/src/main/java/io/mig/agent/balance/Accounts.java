package io.mig.agent.balance;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Names of users and their groups, from this node's passwd(5) and group(5), read again when they
 * change. For one thread.
 */
final class Accounts {
    private final Path passwd;
    private final Path group;

    private Map<Integer, String> names = Map.of();
    private Map<Integer, Integer> firstGroups = Map.of();
    private Map<Integer, String> groupNames = Map.of();
    private Map<String, List<String>> memberships = Map.of();
    private @Nullable FileTime readPasswd;
    private @Nullable FileTime readGroup;

    Accounts(Path passwd, Path group) {
        this.passwd = passwd;
        this.group = group;
    }

    /** The user's name, or the number when it has none here. */
    String name(int uid) {
        return names.getOrDefault(uid, Integer.toString(uid));
    }

    /** Names of the groups a user is in by these files. */
    List<String> groups(int uid) {
        List<String> all = new ArrayList<>(memberships.getOrDefault(name(uid), List.of()));
        Integer first = firstGroups.get(uid);
        String name = first == null ? null : groupNames.get(first);
        if (name != null) {
            all.add(name);
        }
        return all;
    }

    /** Looks whether the files have changed; cheap enough for each second. */
    void refresh() {
        FileTime p = changed(passwd);
        if (p != null && !p.equals(readPasswd)) {
            Map<Integer, String> freshNames = new HashMap<>();
            Map<Integer, Integer> freshGroups = new HashMap<>();
            for (String[] fields : lines(passwd)) {
                if (fields.length > 3 && number(fields[2]) && number(fields[3])) {
                    freshNames.putIfAbsent(Integer.valueOf(fields[2]), fields[0]);
                    freshGroups.putIfAbsent(Integer.valueOf(fields[2]), Integer.valueOf(fields[3]));
                }
            }
            names = freshNames;
            firstGroups = freshGroups;
            readPasswd = p;
        }
        FileTime g = changed(group);
        if (g != null && !g.equals(readGroup)) {
            Map<Integer, String> freshNames = new HashMap<>();
            Map<String, List<String>> freshMembers = new HashMap<>();
            for (String[] fields : lines(group)) {
                if (fields.length > 2 && number(fields[2])) {
                    freshNames.putIfAbsent(Integer.valueOf(fields[2]), fields[0]);
                    String[] users = fields.length > 3 ? fields[3].split(",") : new String[0];
                    Arrays.stream(users)
                            .forEach(
                                    user ->
                                            freshMembers
                                                    .computeIfAbsent(user, _ -> new ArrayList<>())
                                                    .add(fields[0]));
                }
            }
            groupNames = freshNames;
            memberships = freshMembers;
            readGroup = g;
        }
    }

    private static boolean number(String text) {
        return text.matches("[0-9]{1,9}");
    }

    private static @Nullable FileTime changed(Path file) {
        try {
            return Files.getLastModifiedTime(file);
        } catch (IOException e) {
            return null;
        }
    }

    private static List<String[]> lines(Path file) {
        try {
            return Files.readAllLines(file).stream().map(line -> line.split(":")).toList();
        } catch (IOException e) {
            return List.of(); // then users have numbers
        }
    }
}
