package io.mig.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.mig.json.JsonObject;
import io.mig.testkit.GuestShell;
import io.mig.testkit.LabDriver;
import io.mig.testkit.Packages;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What people do with files, done by guests: a shell moved to node2 runs git, sqlite3, make, tar
 * and rsync in a folder that node2 does not have, as root and as a user with further groups. Needs
 * root, CRIU and a lab of two nodes, which all tests of this class share.
 */
@Timeout(600)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class WorkloadsIT {
    private static final List<String> NODES = List.of("node1", "node2");
    private static final Duration PATIENCE = Duration.ofMinutes(4);
    private static final String DATA = "/srv/data";
    private static final String SOURCE = "lua5.4";

    /** All that getfacl, getfattr and stat can tell of a tree, in a fixed order. */
    private static final String DESCRIBE =
            """
            describe() { (cd "$1" && find . -mindepth 1 -print0 | sort -z | while IFS= read -r -d '' f; do
              stat -c '%n %F %a %u %g %s %h %Y' "$f" | sed 's/directory \\(.*\\) [0-9]* [0-9]* /directory \\1 /'
              getfacl -pn "$f" 2>/dev/null || :; getfattr -hd -m 'user|posix' "$f" 2>/dev/null || :; done); }
            """;

    enum Who {
        ROOT(""),
        USER("--reuid 1500 --regid 1500 --groups 1500,1600,1700");

        private final String identity;

        Who(String identity) {
            this.identity = identity;
        }

        String folder() {
            return DATA + "/" + this;
        }
    }

    private final LabDriver lab =
            new LabDriver(Counters.home(), "workloads" + ProcessHandle.current().pid());
    private final Map<Who, GuestShell> guests = new HashMap<>();
    private Optional<String> missing = Optional.empty();

    @BeforeAll
    void up() {
        assumeThat(System.getProperty("user.name")).as("a lab needs root").isEqualTo("root");
        Path sources = Counters.home().resolve("target/bench/sources");
        missing = Packages.source(Counters.home(), sources, SOURCE);
        lab.up(2);
        // /srv/own is declared and is not the same storage
        for (String node : NODES) {
            lab.sh(
                            node,
                            "mkdir -p /srv/own && echo NODE >/srv/own/name && sed -i 's|^shared = .*|direct = [\"/shared\", \"/srv/own\"]|' /etc/mig/agent.toml"
                                    .replace("NODE", node))
                    .must();
        }
        lab.restartAgents(NODES);
        // a mount of node1 alone, of the disk's own file system and not of the node's overlay
        lab.sh(
                        "node1",
                        "mkdir -p /shared/of-node1 DATA && mount --bind /shared/of-node1 DATA"
                                .replace("DATA", DATA))
                .must();
        for (Who who : Who.values()) {
            lab.sh("node1", "mkdir -m 1777 " + who.folder()).must();
            GuestShell shell = new GuestShell(lab, who.folder() + "/shell", who.identity);
            guests.put(who, shell);
            shell.move("node2");
        }
        if (missing.isEmpty()) {
            lab.sh(
                            "node1",
                            "cd DATA && tar -xf SOURCE && mv lua-* lua && chmod -R a+rX ."
                                    .replace("DATA", DATA)
                                    .replace(
                                            "SOURCE",
                                            sources.resolve(SOURCE + ".orig.tar").toString()))
                    .must();
        }
    }

    @AfterAll
    void down() {
        guests.values().forEach(GuestShell::close);
        lab.close();
    }

    private GuestShell guest(Who who) {
        return Objects.requireNonNull(guests.get(who), who::name);
    }

    /** Runs it in the guest's folder, in which it may write; its output when it was well. */
    private String onGuest(Who who, String script) {
        return guest(who).run(setting(who) + script, PATIENCE).must();
    }

    private static String setting(Who who) {
        return "export HOME="
                + who.folder()
                + " GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b; set -e; cd "
                + who.folder()
                + "\n";
    }

    private String atHome(Who who, String script) {
        String as = who.identity.isEmpty() ? "" : "setpriv " + who.identity + " ";
        return lab.exec(
                        "node1",
                        "bash",
                        "-c",
                        as + "bash -c '" + (setting(who) + script).replace("'", "'\\''") + "'")
                .must();
    }

    private JsonObject uses(Who who) {
        return lab.json("inspect", guest(who).pid()).object("files");
    }

    private long number(JsonObject files, String field) {
        return (long) files.number(field).orElse(-1);
    }

    @Test
    void shouldGoDirectWhereStorageIsProvenTheSameAndThroughHomeElsewhere() {
        String write =
                "dd if=/dev/zero of=FOLDER/32M bs=1M count=32 conv=fsync 2>&1; rm FOLDER/32M";
        JsonObject before = uses(Who.ROOT);
        onGuest(Who.ROOT, write.replace("FOLDER", "/shared"));
        JsonObject direct = uses(Who.ROOT);
        onGuest(Who.ROOT, write.replace("FOLDER", "."));
        JsonObject through = uses(Who.ROOT);

        long bytes = 32 << 20;
        assertThat(number(direct, "directWrittenBytes") - number(before, "directWrittenBytes"))
                .isGreaterThanOrEqualTo(bytes);
        assertThat(number(direct, "homeWrittenBytes") - number(before, "homeWrittenBytes"))
                .isLessThan(1 << 20);
        assertThat(number(through, "homeWrittenBytes") - number(direct, "homeWrittenBytes"))
                .isGreaterThanOrEqualTo(bytes);
        assertThat(onGuest(Who.ROOT, "cat /srv/own/name; ! grep ' /srv/own ' /proc/self/mountinfo"))
                .isEqualTo("node1");
    }

    @Test
    void shouldCopyRightWhenTheLinkIsCutMeanwhile() {
        int mebibytes = Integer.getInteger("mig.files.copy", 256);
        atHome(Who.USER, "head -c " + mebibytes + "M /dev/urandom >big");
        lab.mig(List.of("lab", "link", "node1", "500mbit")).must();
        try {
            guest(Who.USER).begin(setting(Who.USER) + "cp big big2; cmp big big2");
            cutWhen(Who.USER, "[ $(stat -c %s big2) -gt 10000000 ]");
        } finally {
            lab.mig(List.of("lab", "link", "node1", "off")).must();
        }

        assertThat(guest(Who.USER).await(PATIENCE).must()).isEmpty();
        atHome(Who.USER, "cmp big big2; rm big big2");
    }

    @Test
    void shouldCompileRightWhenTheLinkIsCutMeanwhile() {
        needsSource();
        String make =
                "rm -rf cut; cp -r ../lua cut; cd cut/src; make -s -j2 linux MYLIBS= MYCFLAGS= >../log 2>&1 || { tail ../log; exit 1; }; ./lua -e 'print(6*7)'";

        guest(Who.ROOT).begin(setting(Who.ROOT) + make);
        cutWhen(Who.ROOT, "[ -e cut/src/lcode.o ]");

        assertThat(guest(Who.ROOT).await(PATIENCE).must()).isEqualTo("42");
    }

    @Test
    void shouldGoOnWithDeletedAndGrowingFilesWhenMovedHomeAndBack() {
        GuestShell shell = guest(Who.ROOT);
        atHome(Who.ROOT, "rm -f log");
        String lines = "for i in $(seq 150); do echo \"NAME $i\" >>log; sleep 0.02; done";
        shell.begin(
                setting(Who.ROOT)
                        + """
                        echo secret >gone; exec 3<>gone; rm gone; exec 4>>log
                        (LINES) &
                        for i in $(seq 150); do echo "a $i" >&4; sleep 0.02; done; wait
                        cat <&3; echo more >&3; ls gone 2>&1 | grep -c gone
                        """
                                .replace("LINES", lines.replace("NAME", "b")));

        shell.move("node1");
        atHome(Who.ROOT, lines.replace("NAME", "c"));
        shell.move("node2");

        assertThat(shell.await(PATIENCE).must()).isEqualTo("secret\n1");
        for (String name : List.of("a", "b", "c")) {
            assertThat(atHome(Who.ROOT, "grep ^" + name + " log | tr '\\n' ,"))
                    .isEqualTo(atHome(Who.ROOT, "seq -f '" + name + " %g' 150 | tr '\\n' ,"));
        }
        assertThat(atHome(Who.ROOT, "wc -l <log")).isEqualTo("450");
    }

    @Test
    void shouldActAsWhoeverAGuestBecomes() {
        atHome(
                Who.ROOT,
                """
                install -m 660 -g 1700 /dev/null of1700; install -m 660 -g 1800 /dev/null of1800
                install -m 600 /dev/null secret; install -m 4755 /usr/bin/id suid; rm -f by1600
                """);

        // root's guest may become anybody, and is that one at home
        assertThat(
                        onGuest(
                                Who.ROOT,
                                "setpriv --reuid 1600 --regid 1600 --clear-groups sh -c 'echo x >by1600; cat secret 2>&1; cat of1700 2>&1' || true"))
                .contains("secret: Permission denied", "of1700: Permission denied");
        assertThat(atHome(Who.ROOT, "stat -c %u:%g by1600")).isEqualTo("1600:1600");
        // further groups are those that home knows of the process; setuid bits have no effect
        assertThat(
                        onGuest(
                                Who.USER,
                                "cd ../ROOT; echo y >>of1700; cat of1700; cat of1800 2>&1 || true; cat secret 2>&1 || true; ./suid -u"))
                .isEqualTo(
                        "y\ncat: of1800: Permission denied\ncat: secret: Permission denied\n1500");
    }

    /**
     * Cuts the link for five seconds as soon as something is so at home, with the guest at work.
     */
    private void cutWhen(Who who, String condition) {
        atHome(who, "timeout 60 sh -c 'until " + condition + "; do sleep 0.1; done' 2>/dev/null");
        lab.mig(List.of("lab", "cut", "node1", "node2")).must();
        try {
            assertThat(guest(who).busy()).isTrue();
            lab.exec("node2", "sleep", "5");
            assertThat(lab.exec("node2", "mig", "ps", "--json").out()).contains("has not answered");
        } finally {
            lab.mig(List.of("lab", "heal")).must();
        }
        assertThat(guest(who).busy()).isTrue();
    }

    private void needsSource() {
        assumeThat(missing)
                .as("the source of %s could not be fetched: %s", SOURCE, missing.orElse(""))
                .isEmpty();
    }

    @Test
    void shouldBeThereAndNotHaveTheDataOfItsOwn() {
        assertThat(lab.exec("node2", "ls", DATA + "/ROOT").status()).isNotZero();
        assertThat(onGuest(Who.USER, "id -u; id -G; grep ^Groups /proc/self/status"))
                .isEqualTo("1500\n1500 1600 1700\nGroups:\t1500 1600 1700");
    }

    @ParameterizedTest
    @EnumSource(Who.class)
    void shouldCloneAndCheckARepository(Who who) {
        needsSource();
        atHome(
                who,
                """
                rm -rf origin clone; cp -r ../lua origin; cd origin; git init -q .; git add -A; git commit -qm first
                for i in $(seq 1 15); do echo $i >>notes; git add -A; git commit -qm $i; git mv notes n$i; git commit -qam m$i; cp n$i notes; done
                git add -A; git commit -qm last
                """);

        String said =
                onGuest(
                        who,
                        """
                        git clone -q origin clone; cd clone; git fsck --full --strict 2>&1; git log --oneline | wc -l
                        git status --porcelain; echo new >new; git add new; git commit -qm new; git gc -q; git fsck --full
                        git push -q origin HEAD:refs/heads/guest
                        """);

        assertThat(said).isEqualTo("32");
        assertThat(
                        atHome(
                                who,
                                "diff -r -x .git origin clone || true; git -C origin fsck --full 2>&1; git -C origin log -1 --format=%s guest"))
                .isEqualTo("Only in clone: new\nnew");
    }

    @ParameterizedTest
    @EnumSource(Who.class)
    void shouldNotLoseATransactionWhenHomeAndGuestWriteOneDatabase(Who who) {
        atHome(
                who,
                "rm -f bank*; sqlite3 bank 'create table c(n); insert into c values(0); create table l(who, n)'");
        String writer =
                """
                for i in $(seq 1 60); do echo "begin immediate; update c set n = n + 1; insert into l select 'NAME', n from c; commit;"; done |
                    sqlite3 -bail -cmd '.timeout 120000' bank 2>&1
                """;

        guest(who).begin(setting(who) + writer.replace("NAME", "guest"));
        String home = atHome(who, writer.replace("NAME", "home"));
        LabDriver.Answer away = guest(who).await(PATIENCE);

        assertThat(home).isEmpty();
        assertThat(away.must()).isEmpty();
        assertThat(
                        atHome(
                                who,
                                "sqlite3 bank 'pragma integrity_check; select n from c; select count(distinct n), max(n) from l'"))
                .isEqualTo("ok\n120\n120|120");
    }

    @Test
    void shouldCompileACProjectAsAtHome() {
        Who who = Who.USER;
        needsSource();
        String make =
                "rm -rf DIR; cp -r ../lua DIR; cd DIR/src; make -s -j2 linux MYLIBS= MYCFLAGS= >../log 2>&1 || { tail ../log; exit 1; }; ./lua -e 'print(6*7)'";

        assertThat(onGuest(who, make.replace("DIR", "there"))).isEqualTo("42");

        atHome(who, make.replace("DIR", "here"));
        assertThat(atHome(who, "cmp here/src/lua there/src/lua && echo same")).isEqualTo("same");
    }

    @ParameterizedTest
    @EnumSource(Who.class)
    void shouldKeepAllAttributesWhenPackedAndUnpacked(Who who) {
        atHome(who, "rm -rf odd odd2 odd3; mkdir odd; cd odd\n" + oddTree());

        onGuest(
                who,
                """
                tar --xattrs --xattrs-include='*' --acls -S -cf odd.tar odd; mkdir odd2
                tar --xattrs --xattrs-include='*' --acls -S -xpf odd.tar -C odd2 --strip-components=1
                rsync -aHAX --numeric-ids odd/ odd3/; diff -r --no-dereference odd odd3; diff -r --no-dereference odd odd2
                test -z "$(rsync -aHAXni --delete --numeric-ids odd/ odd3/)"
                """);

        assertThat(
                        atHome(
                                who,
                                DESCRIBE
                                        + "describe odd >a; describe odd2 >b; describe odd3 >c; wc -l <a | grep -v ^0; diff a b; diff a c"))
                .matches("[0-9]+");
        assertThat(onGuest(who, DESCRIBE + "describe odd >d; diff a d")).isEmpty();
    }

    private static String oddTree() {
        return """
               mkdir -p 'with space' deep/a/b/c; echo x >'with space/new
               line'; echo y >deep/a/b/c/$(printf 'n%.0s' $(seq 250)); ln deep/a/b/c/n* hard; ln -s /nowhere dangling; ln -s deep/a link
               truncate -s 50M sparse; echo end >>sparse; echo s >set; chmod 4711 set; mkdir sticky; chmod 1777 sticky; echo ro >ro; chmod 0400 ro
               setfattr -n user.colour -v blue hard; setfattr -n user.empty deep; setfacl -m u:1:rw,g:2:r set; setfacl -d -m u:3:rx deep/a
               touch -d '1999-12-31 23:59:58.123456789' ro; touch -h -d '2001-02-03 04:05:06.7' dangling; : >empty; mkdir none
               for i in $(seq 60); do echo $i >sticky/f$i; done
               """;
    }

    @Test
    void shouldCopyATreeAndFindNoDifference() {
        needsSource();
        for (Who who : Who.values()) {
            onGuest(
                    who,
                    "rm -rf copy; rsync -a ../lua/ copy/; diff -r ../lua copy; test -z \"$(rsync -aci ../lua/ copy/)\"");
            assertThat(atHome(who, "diff -r ../lua copy && echo same")).isEqualTo("same");
        }
    }
}
