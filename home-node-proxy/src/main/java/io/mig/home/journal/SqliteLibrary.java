package io.mig.home.journal;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.sqlite.SQLiteJDBCLoader;

/**
 * Puts SQLite's native library beside the journal, once per version.
 *
 * <p>Left to itself the driver unpacks it into the temporary directory at each start and removes it
 * at exit, which an agent that is killed never reaches: a file would leak per crash.
 */
final class SqliteLibrary {
    private static final Logger LOG = LoggerFactory.getLogger(SqliteLibrary.class);
    private static final String PATH_PROPERTY = "org.sqlite.lib.path";
    private static final String NAME_PROPERTY = "org.sqlite.lib.name";

    private SqliteLibrary() {}

    /** Best effort: when it does not work out, the driver goes its own way. */
    static void install(Path directory) {
        if (System.getProperty(PATH_PROPERTY) != null) {
            return;
        }
        String resource = "/org/sqlite/native/Linux/" + architecture() + "/libsqlitejdbc.so";
        Path library = directory.resolve("libsqlitejdbc-" + SQLiteJDBCLoader.getVersion() + ".so");
        try (InputStream in = SQLiteJDBCLoader.class.getResourceAsStream(resource)) {
            if (in == null) {
                return;
            }
            byte[] bytes = in.readAllBytes();
            Files.createDirectories(directory);
            if (!Files.exists(library) || Files.size(library) != bytes.length) {
                Path fresh = Files.createTempFile(directory, "libsqlitejdbc", ".new");
                try {
                    Files.write(fresh, bytes);
                    Files.move(
                            fresh,
                            library,
                            StandardCopyOption.ATOMIC_MOVE,
                            StandardCopyOption.REPLACE_EXISTING);
                } finally {
                    Files.deleteIfExists(fresh);
                }
            }
            System.setProperty(PATH_PROPERTY, directory.toString());
            System.setProperty(NAME_PROPERTY, String.valueOf(library.getFileName()));
        } catch (AtomicMoveNotSupportedException e) {
            LOG.debug(
                    "directory={} cannot rename atomically; SQLite unpacks its own library",
                    directory,
                    e);
        } catch (IOException e) {
            LOG.warn(
                    "cannot keep SQLite's library={}; it is unpacked at each start instead",
                    library,
                    e);
        }
    }

    private static String architecture() {
        String name = System.getProperty("os.arch", "").toLowerCase(Locale.ROOT);
        return name.equals("amd64") ? "x86_64" : name;
    }
}
