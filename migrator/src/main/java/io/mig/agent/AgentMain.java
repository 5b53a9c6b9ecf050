package io.mig.agent;

import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Starts the node agent: {@code migd --config FILE}. */
public final class AgentMain {
    private static final Logger LOG = LoggerFactory.getLogger(AgentMain.class);
    private static final int USAGE = 2;

    private AgentMain() {}

    public static void main(String[] args) {
        Path config = Path.of("/etc/mig/agent.toml");
        if (args.length == 2 && args[0].equals("--config")) {
            config = Path.of(args[1]);
        } else if (args.length != 0) {
            System.err.println("usage: migd [--config FILE]");
            System.exit(USAGE);
        }
        try {
            run(AgentConfig.read(config));
        } catch (ConfigException e) {
            System.err.println("migd: " + e.getMessage());
            System.exit(USAGE);
        } catch (Exception e) {
            LOG.error("agent cannot start", e);
            System.err.println("migd: cannot start: " + e.getMessage());
            System.exit(1);
        }
    }

    private static void run(AgentConfig config) throws Exception {
        Agent agent = new Agent(config);
        CountDownLatch stop = new CountDownLatch(1);
        Runtime.getRuntime()
                .addShutdownHook(
                        Thread.ofPlatform()
                                .name("stop")
                                .unstarted(
                                        () -> {
                                            agent.close();
                                            stop.countDown();
                                        }));
        agent.start();
        stop.await();
    }
}
