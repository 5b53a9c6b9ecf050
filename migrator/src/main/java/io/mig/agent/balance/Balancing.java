package io.mig.agent.balance;

import io.mig.agent.control.ControlVerb;
import io.mig.agent.verb.ManagedHere;
import io.mig.agent.verb.ProcessFinder;
import io.mig.home.journal.Journal;
import io.mig.model.HomePid;
import io.mig.model.NodeId;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * All that the agent needs of balancing: a part that is started, closed, and answers verbs. The
 * constructor starts nothing but an idle thread.
 */
public final class Balancing implements AutoCloseable, ManagedHere {
    private final Balancer balancer;
    private final BalanceAnswers answers;
    private final BalanceVerbs verbs;
    private final Births births;

    public Balancing(BalanceParts parts, Journal journal, ProcessFinder finder) {
        this.balancer = new Balancer(parts);
        this.answers = new BalanceAnswers(parts, balancer, journal);
        this.verbs = new BalanceVerbs(parts, finder);
        this.births = new Births(parts, balancer, journal);
    }

    /** Takes part in the cluster from now on. */
    public void start() {
        answers.register();
        balancer.start();
    }

    /** These verbs and those of balancing. */
    public Map<String, ControlVerb> with(Map<String, ControlVerb> others) {
        Map<String, ControlVerb> all = new HashMap<>(others);
        all.putAll(verbs.verbs());
        all.put("birth", births::birth);
        return Map.copyOf(all);
    }

    @Override
    public List<AtHome> managedAtHome() {
        return balancer.atHome();
    }

    @Override
    public Map<HomePid, Figures> figures() {
        return balancer.figuresNow();
    }

    @Override
    public Map<NodeId, String> doubts() {
        return balancer.doubts();
    }

    @Override
    public void close() {
        balancer.close();
    }
}
