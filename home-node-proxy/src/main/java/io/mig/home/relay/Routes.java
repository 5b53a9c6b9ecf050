package io.mig.home.relay;

import io.mig.model.Epoch;
import io.mig.model.HomePid;
import io.mig.model.NodeId;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Where frames go. Owned by the router's thread. */
final class Routes {
    /** Home side: a process of ours and the node that owns its body. */
    static final class Home {
        final HomePid process;
        final NoticeSender signals;
        final NoticeReceiver events = new NoticeReceiver();
        final Outbox outbox = new Outbox();
        final Set<Integer> killed = new HashSet<>();
        Epoch epoch;
        NodeId host;
        Set<Integer> links;

        Home(HomePid process, Epoch epoch, NodeId host, Set<Integer> links, long instance) {
            this.process = process;
            this.epoch = epoch;
            this.host = host;
            this.links = new TreeSet<>(links);
            this.signals = new NoticeSender(process, instance);
        }
    }

    /** Host side: a capsule that holds a body at an epoch. */
    static final class Hosted {
        final HomePid process;
        final Epoch epoch;
        final UUID capsule;
        final Set<Integer> links;
        final NoticeSender events;
        final NoticeReceiver signals = new NoticeReceiver();
        final Outbox outbox = new Outbox();
        boolean signalling;

        Hosted(HomePid process, Epoch epoch, UUID capsule, Set<Integer> links, long instance) {
            this.process = process;
            this.epoch = epoch;
            this.capsule = capsule;
            this.links = new TreeSet<>(links);
            this.events = new NoticeSender(process, instance);
        }
    }

    private record HostedKey(HomePid process, Epoch epoch) {}

    private final Map<HomePid, Home> homes = new HashMap<>();
    private final Map<Integer, Home> homeByLink = new HashMap<>();
    private final Map<HostedKey, Hosted> hosted = new HashMap<>();
    private final Map<UUID, Hosted> hostedByCapsule = new HashMap<>();

    void put(Home route) {
        remove(route.process);
        homes.put(route.process, route);
        route.links.forEach(link -> homeByLink.put(link, route));
    }

    void relink(Home route, Set<Integer> links) {
        route.links.forEach(link -> homeByLink.remove(link, route));
        route.links = new TreeSet<>(links);
        route.links.forEach(link -> homeByLink.put(link, route));
    }

    @Nullable Home remove(HomePid process) {
        Home old = homes.remove(process);
        if (old != null) {
            old.links.forEach(link -> homeByLink.remove(link, old));
        }
        return old;
    }

    void put(Hosted route) {
        remove(route.process, route.epoch);
        hosted.put(new HostedKey(route.process, route.epoch), route);
        hostedByCapsule.put(route.capsule, route);
    }

    @Nullable Hosted remove(HomePid process, Epoch epoch) {
        Hosted old = hosted.remove(new HostedKey(process, epoch));
        if (old != null) {
            hostedByCapsule.remove(old.capsule, old);
        }
        return old;
    }

    @Nullable Home home(HomePid process) {
        return homes.get(process);
    }

    @Nullable Home homeOfLink(int link) {
        return homeByLink.get(link);
    }

    @Nullable Hosted hosted(HomePid process, Epoch epoch) {
        return hosted.get(new HostedKey(process, epoch));
    }

    @Nullable Hosted hostedIn(UUID capsule) {
        return hostedByCapsule.get(capsule);
    }

    Collection<Home> homes() {
        return List.copyOf(homes.values());
    }

    Collection<Hosted> hosteds() {
        return List.copyOf(hosted.values());
    }
}
