package io.mig.home.relay;

import io.mig.home.relay.RelayMessage.Content;
import io.mig.home.relay.RelayMessage.Notice;
import io.mig.model.Epoch;
import io.mig.model.HomePid;
import io.mig.model.NodeId;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The router's decisions, without its thread: everything here is called by one thread at a time and
 * may be stepped by hand.
 *
 * <p>Home side and host side of a process may be on two nodes or on one; then frames go straight
 * across. The rule that keeps links whole is short: <em>whatever may have swallowed a frame ends
 * with LINK_UP to both endpoints</em>, who then ask each other for what they miss. So dropping is
 * always allowed; what is not allowed is a drop without a later LINK_UP:
 *
 * <pre>
 *   endpoint (re)connected      LINK_UP to it if there is a way; UP to the other router, which gives LINK_UP to its endpoint
 *   route made or changed       the same
 *   peer came (back) up         both sides do the same for all routes to it
 *   epoch or sender not current the frame is dropped; the route change that made it stale has done the above
 * </pre>
 */
final class RelayCore {
    private static final Logger LOG = LoggerFactory.getLogger(RelayCore.class);

    private final RelayPeers peers;
    private final RelayListener listener;
    private final NodeId self;
    private final SignalCommand signalCommand;

    private final Routes routes = new Routes();
    private final Carried carried = new Carried();
    private final Map<Integer, DeputyEndpoint> deputies = new HashMap<>();
    private final Map<UUID, CapsuleEndpoint> capsules = new HashMap<>();
    private final Set<NodeId> up = new HashSet<>();
    private long nextInstance;
    private long relayed;
    private long stale;
    private long homeless;

    /**
     * Carries a signal to a capsule and calls back, on the router's thread, whether it was done (or
     * cannot ever be).
     */
    interface SignalCommand {
        void run(CapsuleEndpoint capsule, Content.Signal signal, Consumer<Boolean> done);
    }

    /**
     * @param instance differs from one life of the agent to the next; the numbers after it are used
     *     too
     */
    RelayCore(
            RelayPeers peers, RelayListener listener, long instance, SignalCommand signalCommand) {
        this.peers = peers;
        this.listener = listener;
        this.self = peers.self();
        this.nextInstance = instance;
        this.signalCommand = signalCommand;
    }

    // ---------------------------------------------------------------- routes

    void home(HomePid process, Epoch epoch, NodeId host, Set<Integer> links) {
        Routes.Home route = routes.home(process);
        if (route == null) {
            route = new Routes.Home(process, epoch, host, links, nextInstance++);
            routes.put(route);
        } else {
            if (epoch.compareTo(route.epoch) < 0) {
                LOG.warn(
                        "route to an older epoch ignored: process={} epoch={} current={}",
                        process,
                        epoch,
                        route.epoch);
                return;
            }
            boolean moved = !epoch.equals(route.epoch);
            route.epoch = epoch;
            route.host = host;
            routes.relink(route, links);
            if (moved) {
                route.outbox.clear();
                releaseHome(route);
                // the body that was told is not the one that runs now
                route.killed.forEach(link -> killAgain(process, link));
            }
        }
        LOG.debug("home route: process={} epoch={} host={} links={}", process, epoch, host, links);
        announceHome(route, route.links);
        transmitSignals(route);
    }

    private void killAgain(HomePid process, int link) {
        Routes.Home route = routes.home(process);
        Content kill = new Content.Signal(link, LinuxSignals.SIGKILL);
        if (route != null && !route.signals.contains(kill)) {
            route.signals.add(kill);
        }
    }

    void homeRemoved(HomePid process) {
        Routes.Home route = routes.remove(process);
        if (route != null) {
            releaseHome(route);
        }
    }

    void hosted(HomePid process, Epoch epoch, UUID capsule, Set<Integer> links) {
        Routes.Hosted old = routes.hosted(process, epoch);
        if (old != null && old.capsule.equals(capsule) && old.links.equals(links)) {
            announceHosted(old);
            return;
        }
        Routes.Hosted route = new Routes.Hosted(process, epoch, capsule, links, nextInstance++);
        routes.put(route);
        LOG.debug(
                "hosted route: process={} epoch={} capsule={} links={}",
                process,
                epoch,
                capsule,
                links);
        announceHosted(route);
    }

    void hostedRemoved(HomePid process, Epoch epoch) {
        flush(); // its last frames
        carried.forget(process);
        Routes.Hosted route = routes.remove(process, epoch);
        CapsuleEndpoint capsule = route == null ? null : capsules.get(route.capsule);
        if (capsule != null) {
            capsule.hold(Endpoint.Hold.PEER, false);
        }
    }

    // ---------------------------------------------------------------- endpoints

    /** The deputy is configured and may be given frames. */
    void deputyReady(DeputyEndpoint deputy) {
        if (!deputy.isOpen()) {
            return;
        }
        deputies.put(deputy.link(), deputy);
        Routes.Home route = routes.homeOfLink(deputy.link());
        if (route != null) {
            announceHome(route, Set.of(deputy.link()));
        }
    }

    void capsuleUp(CapsuleEndpoint capsule) {
        if (!capsule.isOpen()) {
            return;
        }
        capsules.put(capsule.id(), capsule);
        Routes.Hosted route = routes.hostedIn(capsule.id());
        if (route != null) {
            announceHosted(route);
            carryOutSignals(route);
        }
    }

    void gone(Endpoint endpoint) {
        switch (endpoint) {
            case DeputyEndpoint deputy -> deputies.remove(deputy.link(), deputy);
            case CapsuleEndpoint capsule -> capsules.remove(capsule.id(), capsule);
        }
    }

    void fromEndpoint(Endpoint endpoint, Frame frame) {
        switch (endpoint) {
            case DeputyEndpoint deputy -> fromDeputy(deputy, frame);
            case CapsuleEndpoint capsule -> fromCapsule(capsule, frame);
        }
    }

    private void fromDeputy(DeputyEndpoint deputy, Frame frame) {
        Routes.Home route = routes.homeOfLink(deputy.link());
        if (route == null || frame.link() != deputy.link()) {
            stale++;
        } else if (route.host.equals(self)) {
            toCapsule(routes.hosted(route.process, route.epoch), frame);
        } else if (up.contains(route.host)) {
            route.outbox.add(frame);
            if (route.outbox.isHigh()) {
                deputy.hold(Endpoint.Hold.PEER, true);
            }
        } else {
            homeless++;
        }
    }

    private void fromCapsule(CapsuleEndpoint capsule, Frame frame) {
        Routes.Hosted route = routes.hostedIn(capsule.id());
        if (route == null || !route.links.contains(frame.link())) {
            stale++;
        } else if (route.process.home().equals(self)) {
            toDeputy(route.process, route.epoch, self, frame);
        } else if (up.contains(route.process.home())) {
            carried.add(route.process, frame);
            route.outbox.add(frame);
            if (route.outbox.isHigh()) {
                capsule.hold(Endpoint.Hold.PEER, true);
            }
        } else {
            homeless++;
        }
    }

    private void toCapsule(Routes.@Nullable Hosted route, Frame frame) {
        if (route == null || !route.links.contains(frame.link())) {
            stale++;
            return;
        }
        deliver(capsules.get(route.capsule), frame);
    }

    private void toDeputy(HomePid process, Epoch epoch, NodeId sender, Frame frame) {
        Routes.Home route = routes.home(process);
        if (route == null
                || !route.epoch.equals(epoch)
                || !route.host.equals(sender)
                || !route.links.contains(frame.link())) {
            stale++;
            return;
        }
        deliver(deputies.get(frame.link()), frame);
    }

    private void deliver(@Nullable Endpoint endpoint, Frame frame) {
        if (endpoint == null) {
            homeless++;
        } else {
            relayed++;
            endpoint.send(frame);
        }
    }

    // ---------------------------------------------------------------- links up

    /** The home side of these links is (again) ready to be asked and to ask. */
    private void announceHome(Routes.Home route, Set<Integer> links) {
        List<Integer> ready = links.stream().filter(deputies::containsKey).toList();
        if (ready.isEmpty()) {
            return;
        }
        if (route.host.equals(self)) {
            Routes.Hosted hosted = routes.hosted(route.process, route.epoch);
            CapsuleEndpoint capsule = hosted == null ? null : capsules.get(hosted.capsule);
            if (capsule != null) {
                ready.forEach(link -> linkUp(deputies.get(link), link));
                ready.forEach(capsule::linkUp);
            }
        } else if (up.contains(route.host)) {
            ready.forEach(link -> linkUp(deputies.get(link), link));
            transmit(route.host, new RelayMessage.Up(route.process, route.epoch, ready));
        }
    }

    private void announceHosted(Routes.Hosted route) {
        NodeId home = route.process.home();
        if (home.equals(self)) {
            Routes.Home here = routes.home(route.process);
            if (here != null && here.epoch.equals(route.epoch) && here.host.equals(self)) {
                announceHome(here, here.links);
                transmitSignals(here);
            }
            transmitEvents(route);
            return;
        }
        CapsuleEndpoint capsule = capsules.get(route.capsule);
        if (capsule != null && up.contains(home)) {
            route.links.forEach(capsule::linkUp);
            transmit(
                    home,
                    new RelayMessage.Up(route.process, route.epoch, List.copyOf(route.links)));
        }
        transmitEvents(route);
    }

    private static void linkUp(@Nullable DeputyEndpoint deputy, int link) {
        if (deputy != null) {
            deputy.linkUp(link);
        }
    }

    // ---------------------------------------------------------------- peers

    void peerUp(NodeId peer) {
        up.add(peer);
        for (Routes.Home route : routes.homes()) {
            if (route.host.equals(peer)) {
                announceHome(route, route.links);
                transmitSignals(route);
            }
        }
        for (Routes.Hosted route : routes.hosteds()) {
            if (route.process.home().equals(peer)) {
                announceHosted(route);
            }
        }
    }

    void peerDown(NodeId peer) {
        up.remove(peer);
        for (Routes.Home route : routes.homes()) {
            if (route.host.equals(peer)) {
                route.outbox.clear();
                releaseHome(route);
                route.links.forEach(
                        link -> {
                            DeputyEndpoint deputy = deputies.get(link);
                            if (deputy != null) {
                                deputy.linkDown(link);
                            }
                        });
            }
        }
        for (Routes.Hosted route : routes.hosteds()) {
            CapsuleEndpoint capsule = capsules.get(route.capsule);
            if (route.process.home().equals(peer)) {
                route.outbox.clear();
                if (capsule != null) {
                    capsule.hold(Endpoint.Hold.PEER, false);
                    route.links.forEach(capsule::linkDown);
                }
            }
        }
    }

    void fromPeer(NodeId from, RelayMessage message) {
        switch (message) {
            case RelayMessage.Frames frames -> frames(from, frames);
            case RelayMessage.Up other -> otherSideUp(from, other);
            case Notice notice -> notice(from, notice);
            case RelayMessage.NoticeAck ack -> acknowledged(from, ack);
        }
    }

    private void frames(NodeId from, RelayMessage.Frames message) {
        List<Frame> frames;
        try {
            frames = FrameCodec.decodeAll(message.frames());
        } catch (FrameException e) {
            LOG.warn(
                    "relayed frames from node={} process={} cannot be read: {}",
                    from,
                    message.process(),
                    e.getMessage());
            return;
        }
        boolean toHost = message.process().home().equals(from);
        for (Frame frame : frames) {
            if (!frame.isEndToEnd()) {
                stale++; // nobody but our own agent may send hop frames to an endpoint of ours
            } else if (toHost) {
                Routes.Hosted route = routes.hosted(message.process(), message.epoch());
                if (route != null) {
                    carried.add(route.process, frame);
                }
                toCapsule(route, frame);
            } else {
                toDeputy(message.process(), message.epoch(), from, frame);
            }
        }
    }

    private void otherSideUp(NodeId from, RelayMessage.Up message) {
        if (message.process().home().equals(from)) {
            Routes.Hosted route = routes.hosted(message.process(), message.epoch());
            CapsuleEndpoint capsule = route == null ? null : capsules.get(route.capsule);
            if (route != null && capsule != null) {
                message.links().stream().filter(route.links::contains).forEach(capsule::linkUp);
            }
            return;
        }
        Routes.Home route = routes.home(message.process());
        if (route != null && route.epoch.equals(message.epoch()) && route.host.equals(from)) {
            message.links().stream()
                    .filter(route.links::contains)
                    .forEach(link -> linkUp(deputies.get(link), link));
        }
    }

    // ---------------------------------------------------------------- notices

    /**
     * Does to the body what its deputy cannot pass on; repeated until the capsule of the current
     * owner has done it.
     */
    void signalBody(HomePid process, int link, int signal) {
        Routes.Home route = routes.home(process);
        if (route == null) {
            LOG.warn(
                    "signal={} for a body without a route: process={} link={}",
                    signal,
                    process,
                    link);
            return;
        }
        if (signal == LinuxSignals.SIGKILL && !route.killed.add(link)) {
            return;
        }
        if (!route.signals.add(new Content.Signal(link, signal))) {
            LOG.error(
                    "too many notices wait for node={}: signal={} dropped, process={} link={}",
                    route.host,
                    signal,
                    process,
                    link);
        }
        transmitSignals(route);
    }

    /** A capsule of ours reported something. */
    void capsuleEvent(CapsuleEndpoint capsule, String text) {
        Routes.Hosted route = routes.hostedIn(capsule.id());
        if (route == null) {
            LOG.debug("event of a capsule without a route: {} {}", capsule, text);
            return;
        }
        if (!route.events.add(new Content.Event(text))) {
            LOG.error(
                    "too many events wait for node={}: dropped, process={} event={}",
                    route.process.home(),
                    route.process,
                    text);
        }
        transmitEvents(route);
    }

    private void transmitSignals(Routes.Home route) {
        route.signals.all(route.epoch).forEach(notice -> transmit(route.host, notice));
    }

    private void transmitEvents(Routes.Hosted route) {
        route.events.all(route.epoch).forEach(notice -> transmit(route.process.home(), notice));
    }

    private void notice(NodeId from, Notice notice) {
        switch (notice.content()) {
            case Content.Signal _ -> {
                Routes.Hosted route = routes.hosted(notice.process(), notice.epoch());
                if (route != null && route.process.home().equals(from)) {
                    route.signals.accept(notice);
                    carryOutSignals(route);
                    acknowledge(from, route.process, route.epoch, route.signals);
                }
            }
            case Content.Event _ -> {
                Routes.Home route = routes.home(notice.process());
                if (route == null || notice.epoch().compareTo(route.epoch) > 0) {
                    return; // not yet: it will come again
                }
                if (!notice.epoch().equals(route.epoch) || !route.host.equals(from)) {
                    // a former owner speaks of a body that is none any more
                    transmit(
                            from,
                            new RelayMessage.NoticeAck(
                                    route.process,
                                    notice.epoch(),
                                    notice.instance(),
                                    notice.number()));
                    return;
                }
                route.events.accept(notice);
                announceEvents(route);
                acknowledge(from, route.process, route.epoch, route.events);
            }
        }
    }

    private void announceEvents(Routes.Home route) {
        for (var next = route.events.next(); next.isPresent(); next = route.events.next()) {
            Notice notice = next.get();
            route.events.done(notice);
            if (notice.content() instanceof Content.Event(String text)) {
                try {
                    listener.onCapsuleEvent(route.process, route.epoch, route.host, text);
                } catch (RuntimeException e) {
                    LOG.error(
                            "a listener failed on an event of process={}: {}",
                            route.process,
                            text,
                            e);
                }
            }
        }
    }

    private void carryOutSignals(Routes.Hosted route) {
        CapsuleEndpoint capsule = capsules.get(route.capsule);
        var next = route.signals.next();
        if (route.signalling || capsule == null || next.isEmpty()) {
            return;
        }
        Notice notice = next.get();
        if (!(notice.content() instanceof Content.Signal signal)) {
            return;
        }
        route.signalling = true;
        signalCommand.run(
                capsule,
                signal,
                done -> {
                    route.signalling = false;
                    if (done) {
                        route.signals.done(notice);
                        acknowledge(
                                route.process.home(), route.process, route.epoch, route.signals);
                        carryOutSignals(route);
                    } // otherwise it is tried again when the capsule is back or the notice comes
                    // again
                });
    }

    private void acknowledge(NodeId to, HomePid process, Epoch epoch, NoticeReceiver receiver) {
        transmit(
                to,
                new RelayMessage.NoticeAck(
                        process, epoch, receiver.instance(), receiver.doneUpTo()));
    }

    private void acknowledged(NodeId from, RelayMessage.NoticeAck ack) {
        // the instance is that of one sender of ours; who acknowledges must be the other side of it
        Routes.Home home = routes.home(ack.process());
        if (home != null && home.host.equals(from) && home.epoch.equals(ack.epoch())) {
            // (what a former owner has done to its body, it has not done to the present one)
            home.signals.acknowledged(ack.instance(), ack.number());
        }
        if (ack.process().home().equals(from)) {
            routes.hosteds().stream()
                    .filter(route -> route.process.equals(ack.process()))
                    .forEach(route -> route.events.acknowledged(ack.instance(), ack.number()));
        }
    }

    // ---------------------------------------------------------------- sending

    private void transmit(NodeId to, RelayMessage message) {
        if (to.equals(self)) {
            fromPeer(self, message);
        } else if (up.contains(to)) {
            peers.send(to, RelayCodec.encode(message));
        }
    }

    /** Sends what has been gathered; false when peers could not take all of it. */
    boolean flush() {
        boolean all = true;
        for (Routes.Home route : routes.homes()) {
            if (!route.outbox.isEmpty()) {
                route.outbox.flush(
                        peers,
                        route.host,
                        (to, frames) -> sendFrames(to, route.process, route.epoch, frames));
                all &= route.outbox.isEmpty();
                if (!route.outbox.isHigh()) {
                    releaseHome(route);
                }
            }
        }
        for (Routes.Hosted route : routes.hosteds()) {
            if (!route.outbox.isEmpty()) {
                route.outbox.flush(
                        peers,
                        route.process.home(),
                        (to, frames) -> sendFrames(to, route.process, route.epoch, frames));
                all &= route.outbox.isEmpty();
                CapsuleEndpoint capsule = capsules.get(route.capsule);
                if (capsule != null && !route.outbox.isHigh()) {
                    capsule.hold(Endpoint.Hold.PEER, false);
                }
            }
        }
        return all;
    }

    private void sendFrames(NodeId to, HomePid process, Epoch epoch, List<Frame> frames) {
        relayed += frames.size();
        transmit(to, new RelayMessage.Frames(process, epoch, FrameCodec.encode(frames)));
    }

    private void releaseHome(Routes.Home route) {
        for (int link : route.links) {
            DeputyEndpoint deputy = deputies.get(link);
            if (deputy != null) {
                deputy.hold(Endpoint.Hold.PEER, false);
            }
        }
    }

    /** Sends notices again that nobody has acknowledged. */
    void repeatNotices() {
        routes.homes().forEach(this::transmitSignals);
        routes.hosteds()
                .forEach(
                        route -> {
                            transmitEvents(route);
                            carryOutSignals(route);
                        });
    }

    /**
     * Lets both sides of every link compare what they have sent and taken. A link whose last frame
     * or last word about its route was lost goes on, whatever the reason was.
     */
    void refreshLinks() {
        routes.homes().forEach(route -> announceHome(route, route.links));
        routes.hosteds().stream()
                .filter(route -> !route.process.home().equals(self))
                .forEach(this::announceHosted);
    }

    boolean hasRoutes() {
        return !routes.homes().isEmpty() || !routes.hosteds().isEmpty();
    }

    boolean noticesWait() {
        return routes.homes().stream().anyMatch(route -> !route.signals.isEmpty())
                || routes.hosteds().stream()
                        .anyMatch(
                                route ->
                                        !route.events.isEmpty()
                                                || route.signals.next().isPresent());
    }

    Carried carried() {
        return carried;
    }

    RelayStats stats() {
        return new RelayStats(relayed, stale, homeless);
    }
}
