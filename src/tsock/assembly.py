"""Builds every part of tsock and starts none: for the server, the offline commands and the tests alike."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path

import msgspec

from tsock import __version__
from tsock.accounts.bootstrap import Bootstrap
from tsock.accounts.caller import SYNC, Caller
from tsock.announcements import Announcements
from tsock.api.account import accounts, auth_tokens, iam, keys, monitor
from tsock.api.conversations.chat import routes as chat_routes
from tsock.api.conversations.contents import Contents
from tsock.api.conversations.hook_client import HookClient
from tsock.api.conversations.loose_blobs import LooseBlobs
from tsock.api.conversations.media import downloads, uploads
from tsock.api.conversations.media import records as media_records
from tsock.api.conversations.media.scope import MediaScope
from tsock.api.conversations.media.tickets import Tickets
from tsock.api.conversations.pre_hooks import PreHooks
from tsock.api.conversations.rates import ChatRates
from tsock.api.conversations.rest import routes as chat_rest_routes
from tsock.api.conversations.rest.scope import RestScope
from tsock.api.conversations.sdk import (
    configuration,
    conversations,
    descriptors,
    invites,
    messages,
    participants,
    receipts,
    registrations,
    templates,
    typing,
    users,
)
from tsock.api.conversations.sdk import reachability as chat_reachability
from tsock.api.conversations.sdk.scope import ChatScope
from tsock.api.development import DevelopmentHandlers
from tsock.api.gatekeeper import Gatekeeper
from tsock.api.health import HealthHandlers
from tsock.api.known_hosts import KnownHosts
from tsock.api.limits import chat_limits, sync_limits
from tsock.api.operator import accounts as operator_accounts
from tsock.api.operator import check, cluster, records, revocations, tokens, webhooks
from tsock.api.operator import keys as operator_keys
from tsock.api.operator import permissions as operator_permissions
from tsock.api.operator import receipts as operator_receipts
from tsock.api.operator import services as operator_services
from tsock.api.operator import templates as operator_templates
from tsock.api.router import Route, Router
from tsock.api.sync.rates import SyncRates
from tsock.api.sync.rest import routes as rest_routes
from tsock.api.sync.sdk import items, roots
from tsock.api.sync.sdk.notices import Notices
from tsock.api.sync.sdk.reachability import Reachability
from tsock.api.sync.sdk.scope import SdkScope
from tsock.api.sync.sdk.subscriptions import SubscriptionHandlers
from tsock.api.sync.sdk.withdrawal import Withdrawal
from tsock.bus.bus import Bus, State
from tsock.bus.transport import Transport
from tsock.clock import Clock
from tsock.cluster.lead import Leads, always
from tsock.cluster.nodes import Node
from tsock.conversations import access
from tsock.deadlines import Deadlines
from tsock.debugger.debugger import Debugger
from tsock.events import Fact, Signal
from tsock.gateway import native
from tsock.gateway.admission import Admission
from tsock.gateway.context import Context
from tsock.gateway.gateway import Gateway
from tsock.gateway.hub import Hub
from tsock.gateway.presence import Presence
from tsock.gateway.refusals import Refusals
from tsock.gateway.session import Session
from tsock.gateway.sessions import Sessions
from tsock.gateway.tunnel import Tunnel
from tsock.gateway.welcome import Welcomes
from tsock.http.asgi import HttpShell
from tsock.http.proxies import Proxies
from tsock.http.reach import Reach
from tsock.ids import Ids
from tsock.installation import layout
from tsock.installation.installation import Installation, installation
from tsock.jobs.chores import Chores
from tsock.jobs.clock_watch import ClockWatch
from tsock.jobs.deliveries import Deliveries
from tsock.jobs.membership import CONNECTIONS, WAIT_S, Membership
from tsock.jobs.moved_clock import MovedClock
from tsock.jobs.neighbours import Neighbours
from tsock.jobs.news import News
from tsock.jobs.pushes import Pushes
from tsock.jobs.webhook_client import WebhookClient
from tsock.outbound.resolving import Resolve
from tsock.settings import Loaded
from tsock.site.routes import site
from tsock.storage.opening import open_store
from tsock.storage.store import Store
from tsock.sync import announce, epochs, replay
from tsock.telemetry.metrics import Metrics
from tsock.telemetry.tail import Tail
from tsock.tokens.continuation import Continuations
from tsock.tokens.examiner import Examiner
from tsock.tokens.storage_id import storage_id
from tsock.wire.packets import packet_ids


def opened(
    data: Path,
    loaded: Loaded,
    environ: Mapping[str, str],
    clock: Clock,
    ids: Ids,
    *,
    is_restored: bool = False,
) -> AbstractAsyncContextManager[Installation]:
    """The data directory, open for this process alone; for the arguments and errors see `installation`."""
    return installation(
        data,
        loaded,
        environ,
        clock,
        ids,
        open_store=open_store,
        begin_epoch=epochs.begin,
        is_restored=is_restored,
    )


class Place(msgspec.Struct, frozen=True):
    """Where a process serves, as those are told who ask for the nodes of a database."""

    name: str
    """For people."""
    address: str
    """Host and port that it listens on."""


class Surroundings(msgspec.Struct, frozen=True):
    """What a server's process gives its parts."""

    deadlines: Deadlines
    base_url: str
    """Where the server is reached, for what cannot tell it from a request."""
    problem: Callable[[], str | None]
    """Why requests cannot be served now; None when they can."""
    resolve: Resolve
    """Finds the addresses of webhook targets."""
    run_due: Callable[[], None] = lambda: None
    """Runs every deadline that a moved clock made due."""
    ready_made: Bootstrap | None = None
    """The credentials of development, whose endpoints exist with them only."""
    explain: bool = False
    """Whether everybody is told everything, as in development: clients why they are refused, visitors every
    page."""
    known_hosts: KnownHosts | None = None
    """By which names alone the server is reached, as in development."""
    transport: Transport | None = None
    """What carries the news between nodes; None where there is one node."""
    place: Place | None = None
    """None for what is no node among others, whatever the store."""


Watchers = tuple[Reachability, chat_reachability.Reachability]


class Assembly(msgspec.Struct, frozen=True):
    """The parts of a server that others start, stop or ask."""

    context: Context
    router: Router
    sessions: Sessions[Session]
    gateway: Gateway
    shell: HttpShell
    chores: Chores
    clock_watch: ClockWatch
    deliveries: Deliveries
    pushes: Pushes
    hook_client: HookClient
    watchers: Watchers
    """Tell who is connected, of each product."""
    membership: Membership | None
    """None where there are no other nodes."""
    leads: Leads
    """Whether this node does what only one may do."""
    announcements: Announcements
    """Announces facts of this node, and of others."""
    news: News
    """Tells other nodes, and hears of them."""

    def hear(self, facts: Sequence[Fact]) -> None:
        """Take what the store announces."""
        self.announcements.hear(facts)
        self.news.publish(facts)


def assemble(installed: Installation, around: Surroundings) -> Assembly:
    """A server over an open data directory, from the inside out."""
    settings, store, directory, clock = (
        installed.settings,
        installed.store,
        installed.directory,
        installed.clock,
    )
    context = _context(installed, around.deadlines)
    gatekeeper = Gatekeeper(directory, installed.vault, settings, clock, everybody=around.explain)
    examiner = Examiner(directory, settings)
    notices = Notices(context.packet_id)
    hub = Hub(
        context.node,
        context.metrics,
        notices.live,
        store=store,
        missed=replay.of_object,
        end=lambda sid, number: announce.root_gone(sid, number, clock.now_ms()),
        deadlines=context.deadlines,
        now_s=clock.monotonic_s,
    )
    sessions = Sessions[Session]()
    scope = SdkScope(directory, sync_limits(settings), access.readable)
    rates = SyncRates(settings, clock.monotonic_s)
    subscriptions = SubscriptionHandlers(scope, hub, notices, settings)
    hook_client = HookClient(settings, installed.vault, around.resolve)
    pre_hooks = PreHooks(
        store,
        directory,
        hook_client,
        ids=installed.ids,
        settings=settings,
        metrics=context.metrics,
        report=context.debugger.hook_failed,
    )
    router = Router()
    news = News()
    gatekeeper.look = news.looked
    router.add(
        HealthHandlers(
            context.metrics, clock, lambda: around.problem() or installed.blobs.down, news.state
        ).routes()
    )
    shown = around.ready_made if around.explain else None
    router.add(site(gatekeeper, directory, examiner, clock, settings.public_url, shown))
    router.add(operator_routes(installed, context.tail, around.problem, news.state))
    router.add(_account_routes(installed))
    router.add(roots.RootHandlers(scope, rates).routes())
    router.add(items.ItemHandlers(scope, rates).routes())
    router.add(rest_routes.routes(directory, installed.vault, scope.limits, rates))
    router.add(subscriptions.routes())
    loose = LooseBlobs(store, installed.blobs, installed.ids)
    contents = Contents(store, loose)
    chat_rates = ChatRates(settings, clock.monotonic_s)
    router.add(_chat_routes(installed, chat_rates, pre_hooks, contents))
    chat_rest = RestScope(directory, chat_limits(settings), chat_rates)
    router.add(chat_rest_routes.routes(chat_rest, pre_hooks, installed.vault, contents))
    router.add(chat_routes.routes(chat_rest, pre_hooks, installed.vault, contents, settings))
    router.add(_media_routes(installed, loose))
    signals: list[Callable[[Signal], None]] = [context.tail.take]
    if around.ready_made is not None:
        moved_clock = MovedClock(
            context.node,
            clock,
            store,
            deadlines=context.deadlines,
            run_due=around.run_due,
            tell=news.publish,
        )
        signals.append(moved_clock.take)
        router.add(
            DevelopmentHandlers(
                around.ready_made.signing_key, directory, clock, store, moved_clock.show_everywhere
            ).routes()
        )
    watchers = _watchers(installed, context, sessions)
    gateway = Gateway(
        context,
        directory=directory,
        sessions=sessions,
        hub=hub,
        tunnel=Tunnel(router, store, context, around.base_url, hub),
        admission=Admission(
            context,
            examiner=examiner,
            sessions=sessions,
            refusals=Refusals(context, installed.ids, explain=around.explain),
            welcomes=_welcomes(installed, context),
        ),
        presence=Presence(sessions, watchers),
        look=None if around.transport is None else news.look,
    )
    withdrawal = Withdrawal(
        directory,
        store,
        hub,
        of_account=sessions.of_account,
        of_identity=sessions.of_identity,
        call_soon=asyncio.get_running_loop().call_soon,
        chat_readable=access.readable,
    )
    deliveries = Deliveries(
        store,
        directory=directory,
        deadlines=context.deadlines,
        metrics=context.metrics,
        settings=settings,
        client=WebhookClient(settings, installed.vault, around.resolve),
        report=context.debugger,
    )
    shell = HttpShell(
        router,
        store,
        gatekeeper,
        context.metrics,
        installed.ids,
        settings=settings,
        reach=Reach(Proxies(settings.trusted_proxies), around.base_url, around.known_hosts),
        reject=context.debugger.request_rejected,
    )
    pushes = Pushes(store, installed.vault, settings.push_url)
    chores = Chores(
        store, installed.blobs, directory, clock, settings, [watcher.look for watcher in watchers]
    )
    membership = _membership(installed, context, around.place, watchers, (deliveries, pushes))
    announcements = Announcements(
        directory=directory.apply,
        changed=(gateway.changed, withdrawal.changed, *(watcher.changed for watcher in watchers)),
        rights=withdrawal.heed,
        events=gateway.publish,
        notices=gateway.tell,
        work=(deliveries.hear, pushes.hear),
        signals=signals,
    )
    if around.transport is not None:
        heard = msgspec.structs.replace(announcements, events=partial(gateway.publish, is_heard=True))
        _open(news, around.transport, around.place, installed, context, hub=hub, heard=heard)
    return Assembly(
        context=context,
        router=router,
        sessions=sessions,
        gateway=gateway,
        shell=shell,
        chores=chores,
        clock_watch=ClockWatch(clock, context.deadlines, store, _leads(membership)),
        deliveries=deliveries,
        pushes=pushes,
        hook_client=hook_client,
        watchers=watchers,
        membership=membership,
        leads=_leads(membership),
        announcements=announcements,
        news=news,
    )


def _open(
    news: News,
    transport: Transport,
    place: Place | None,
    installed: Installation,
    context: Context,
    *,
    hub: Hub,
    heard: Announcements,
) -> None:
    """Have news come and go; `heard` announces here what others did."""
    neighbours = Neighbours(
        installed.store,
        installed.directory,
        context.deadlines,
        announce=heard.hear,
        followed=hub.followed,
        catch_up=hub.check,
    )
    bus = Bus(context.node, transport, neighbours, clock=context.clock, deadlines=context.deadlines)
    news.open(neighbours, bus)
    context.tail.among(context.node[:8] if place is None else place.name, news.publish)


def operator_shell(installed: Installation) -> HttpShell:
    """What answers the operator where no server runs."""
    store, settings = installed.store, installed.settings
    router = Router()
    router.add(operator_routes(installed, Tail(installed.clock), lambda: store.down or store.unreadable))
    return HttpShell(
        router,
        store,
        Gatekeeper(installed.directory, installed.vault, settings, installed.clock),
        installed.metrics,
        installed.ids,
        settings=settings,
        reach=Reach(Proxies(settings.trusted_proxies), settings.public_url or ""),
        reject=lambda rejection: None,  # an operator sees the error itself
    )


def operator_routes(
    installed: Installation,
    tail: Tail,
    problem: Callable[[], str | None],
    news: Callable[[], State | None] = lambda: None,
) -> Sequence[Route]:
    """What the command line asks: the same from a server as from a process of its own."""
    settings, vault, clock = installed.settings, installed.vault, installed.clock
    premises = check.Premises(
        data=installed.data,
        master_key=installed.master_key,
        settings=settings,
        origins=installed.origins,
        clock=clock,
        directory=installed.directory,
        problem=problem,
        blobs=installed.blobs,
        news=news,
        not_compiled=native.missing,
    )
    return [
        *operator_accounts.AccountHandlers(vault, settings).routes(),
        *operator_keys.KeyHandlers(vault, settings).routes(),
        *operator_services.ServiceHandlers(vault).routes(),
        *operator_permissions.PermissionHandlers().routes(),
        *revocations.RevocationHandlers(settings).routes(),
        *tokens.TokenHandlers(installed.directory, settings, clock).routes(),
        *records.RecordHandlers(tail).routes(),
        *webhooks.WebhookHandlers().routes(),
        *operator_receipts.ReceiptHandlers().routes(),
        *operator_templates.TemplateHandlers().routes(),
        *check.CheckHandlers(premises).routes(),
        *cluster.ClusterHandlers(settings).routes(),
    ]


def _context(installed: Installation, deadlines: Deadlines) -> Context:
    tail = Tail(installed.clock)
    debugger = Debugger(
        installed.store,
        installed.directory,
        settings=installed.settings,
        clock=installed.clock,
        deadlines=deadlines,
        ids=installed.ids,
        tail=tail,
    )
    return Context(
        settings=installed.settings,
        clock=installed.clock,
        deadlines=deadlines,
        metrics=installed.metrics,
        tail=tail,
        debugger=debugger,
        node=installed.ids.secret(),
        packet_id=packet_ids().__next__,
    )


def _watchers(installed: Installation, context: Context, sessions: Sessions[Session]) -> Watchers:
    """What hears who comes and goes, in the order in which it is told."""
    common = installed.directory, installed.store, context.deadlines
    return (
        Reachability(
            *common,
            context.clock,
            node=context.node,
            of_account=sessions.of_account,
            of_identity=sessions.of_identity,
        ),
        chat_reachability.Reachability(
            *common,
            node=context.node,
            grace_s=installed.settings.chat_reachability_grace_s,
            limits=chat_limits(installed.settings),
            of_account=sessions.of_account,
            of_identity=sessions.of_identity,
        ),
    )


def _membership(
    installed: Installation,
    context: Context,
    place: Place | None,
    watchers: Watchers,
    senders: tuple[Deliveries, Pushes],
) -> Membership | None:
    if place is None or installed.settings.database_url is None:
        return None
    settings = msgspec.structs.replace(
        installed.settings,
        store_wait_s=WAIT_S,
        store_write_connections=CONNECTIONS,
        store_read_connections=1,
    )

    def own_store() -> Store:
        path, clock, ids = installed.data / layout.DATABASE, installed.clock, installed.ids
        return open_store(path, settings, clock=clock, ids=ids, metrics=Metrics())

    deliveries, pushes = senders

    def look() -> None:
        deliveries.look()
        pushes.look()

    def come_back() -> None:
        for watcher in watchers:
            watcher.restate()

    return Membership(
        Node(context.node, place.name, __version__, place.address),
        open_store=own_store,
        clock=context.clock,
        deadlines=context.deadlines,
        metrics=context.metrics,
        look=look,
        let_go=deliveries.let_go,
        come_back=come_back,
    )


def _leads(membership: Membership | None) -> Leads:
    return always if membership is None else membership.leads


def _welcomes(installed: Installation, context: Context) -> Welcomes:
    settings, data_set = installed.settings, installed.data_set

    def cache(caller: Caller) -> str:
        return storage_id(data_set, caller.account_sid, caller.products[SYNC], caller.identity)

    return Welcomes(
        Continuations(installed.vault, data_set, settings.continuation_ttl_s),
        cache,
        clock=installed.clock,
        ids=installed.ids,
        packet_id=context.packet_id,
    )


def _chat_routes(
    installed: Installation,
    rates: ChatRates,
    pre_hooks: PreHooks,
    contents: Contents,
) -> Sequence[Route]:
    """What the SDKs ask of Conversations."""
    settings = installed.settings
    scope = ChatScope(installed.directory, chat_limits(settings), rates)
    return [
        *configuration.ConfigurationHandlers(scope, settings).routes(),
        *conversations.ConversationHandlers(scope, pre_hooks, settings.chat_page_rows).routes(),
        *descriptors.DescriptorHandlers(scope, settings.chat_page_rows).routes(),
        *participants.ParticipantHandlers(scope, pre_hooks).routes(),
        *invites.InviteHandlers(scope).routes(),
        *messages.MessageHandlers(scope, pre_hooks, contents).routes(),
        *receipts.ReceiptHandlers(scope, settings.chat_page_rows).routes(),
        *users.UserHandlers(scope, pre_hooks).routes(),
        *templates.TemplateHandlers(scope).routes(),
        *registrations.RegistrationHandlers(scope).routes(),
        *typing.TypingHandlers(scope, timeout_s=settings.chat_typing_timeout_s).routes(),
    ]


def _media_routes(installed: Installation, loose: LooseBlobs) -> Sequence[Route]:
    """Uploads and downloads of Conversations."""
    settings = installed.settings
    scope = MediaScope(installed.directory, chat_limits(settings))
    tickets = Tickets(installed.vault, settings.media_url_s)
    shown = media_records.Records(tickets, settings.public_url)
    return [
        *uploads.UploadHandlers(scope, shown, loose, settings).routes(),
        *media_records.RecordHandlers(scope, shown).routes(),
        *downloads.DownloadHandlers(scope, tickets, installed.blobs, installed.clock).routes(),
    ]


def _account_routes(installed: Installation) -> Sequence[Route]:
    """What accounts ask about themselves with the helper libraries."""
    vault, settings = installed.vault, installed.settings
    return [
        *accounts.AccountHandlers(vault, settings).routes(),
        *auth_tokens.AuthTokenHandlers(vault).routes(),
        *keys.KeyHandlers(vault, settings).routes(),
        *iam.KeyHandlers(vault, settings).routes(),
        *monitor.MonitorHandlers(installed.directory, settings.public_url).routes(),
    ]
