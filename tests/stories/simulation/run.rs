//! The executor: several workers' futures in one thread, under one clock and one chance.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use domain::package::Package;
use domain::state::StateName;
use futures::executor::block_on;
use futures::task::noop_waker;
use http::{HeaderMap, HeaderName, Method};
use jiff::{SignedDuration, Timestamp};
use ports::memory::SeededRng;
use ports::{Clock as _, Queue as _, QueueName, Transport as _};
use sandbox::shopify::Delivery;
use secrecy::SecretString;
use serde_json::Value;
use workflow::receive::{Inbound, Receiver, store_path};
use workflow::world::World;

use super::bugs::Bug;
use super::ports::{Faulty, WorkersClock};
use super::sim::{Sim, after_millis};
use crate::harness::System;

/// Messages are shown again after this: six times what a worker may take, as the template has it.
const VISIBILITY: Duration = Duration::from_secs(370);
/// After this a worker is killed, as Lambda does.
const WORKER_LIVES: SignedDuration = SignedDuration::from_secs(60);
/// Workers at a time.
const WORKERS: usize = 3;

/// What a task was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Worker,
    Sweep,
    Poll,
    /// Receives the delivery of this index.
    Receive(usize),
}

struct Task {
    id: u64,
    kind: Kind,
    born: Timestamp,
    until: Option<Timestamp>,
    future: Pin<Box<dyn Future<Output = Option<u16>>>>,
}

/// A delivery on its way to us, and what we answered.
pub(super) struct Posted {
    pub(super) delivery: Delivery,
    pub(super) forged: bool,
    /// The last answer; `None` if none came.
    pub(super) status: Option<u16>,
    pub(super) tries: u32,
}

type Action = Box<dyn FnOnce(&mut Run)>;

/// One run of the simulation.
pub(super) struct Run {
    pub(super) sim: Arc<Sim>,
    pub(super) system: System,
    pub(super) ports: Arc<Faulty>,
    pub(super) world: World,
    pub(super) bug: Option<Bug>,
    pub(super) posted: Vec<Posted>,
    /// Bodies that can never be worked on.
    pub(super) poison: Vec<String>,
    /// Dead letters that were put back into their queue.
    redriven: BTreeMap<(QueueName, String), usize>,
    receiver: Arc<Receiver>,
    tasks: Vec<Task>,
    born: u64,
    timeline: BTreeMap<(Timestamp, u64), Action>,
    planned: u64,
    next_sweep: Timestamp,
    next_poll: Timestamp,
    polls: bool,
}

impl Run {
    pub(super) fn new(seed: u64, bug: Option<Bug>) -> Self {
        let system = System::seeded(seed);
        let clock = system.clock.clone();
        let sim = Arc::new(Sim::new(seed, clock.clone()));
        let ports = Arc::new(Faulty {
            sim: sim.clone(),
            bug,
            ledger: system.ledger.clone(),
            queue: system.queue.clone(),
            credentials: system.credentials.clone(),
            wire: system.wire.clone(),
            mails: Default::default(),
            late: Default::default(),
            written: Default::default(),
            cached_reads: Default::default(),
        });
        let workers_clock =
            Arc::new(WorkersClock { sim: sim.clone(), jumps: bug == Some(Bug::ClocksJumpBackwards) });
        let world = World {
            ledger: ports.clone(),
            queue: ports.clone(),
            transport: ports.clone(),
            mail: ports.clone(),
            credentials: ports.clone(),
            clock: workers_clock,
            rng: Arc::new(SeededRng::new(!seed)),
            connectors: system.world.connectors.clone(),
            memo: Arc::default(),
            allow_base_urls: system.world.allow_base_urls,
            work_until: None,
        };
        let receiver = Receiver {
            queue: ports.clone(),
            ledger: ports.clone(),
            webhook_secrets: ports.clone(),
            clock: clock.clone(),
            connectors: system.world.connectors.clone(),
            route_key: signatures::RouteKey::new(SecretString::from(
                "another route key, long enough".to_owned(),
            ))
            .unwrap(),
            cache: workflow::receive::KeyCache::default(),
        };
        let now = system.now();
        Self {
            sim,
            system,
            ports,
            world,
            bug,
            posted: Vec::new(),
            poison: Vec::new(),
            redriven: BTreeMap::new(),
            receiver: Arc::new(receiver),
            tasks: Vec::new(),
            born: 0,
            timeline: BTreeMap::new(),
            planned: 0,
            next_sweep: now,
            next_poll: now,
            polls: true,
        }
    }

    pub(super) fn without_polls(mut self) -> Self {
        self.polls = false;
        self
    }

    pub(super) fn now(&self) -> Timestamp {
        self.sim.clock.now()
    }

    /// Does something so many milliseconds from now.
    pub(super) fn plan(&mut self, in_millis: u64, action: impl FnOnce(&mut Self) + 'static) {
        self.planned += 1;
        let at = after_millis(self.now(), in_millis);
        self.timeline.insert((at, self.planned), Box::new(action));
    }

    /// Posts a delivery so many milliseconds from now; again, until it is accepted or refused.
    pub(super) fn post(&mut self, delivery: Delivery, forged: bool, in_millis: u64) {
        let index = self.posted.len();
        self.posted.push(Posted { delivery, forged, status: None, tries: 0 });
        self.plan(in_millis, move |run| run.deliver(index));
    }

    fn deliver(&mut self, index: usize) {
        let posted = &mut self.posted[index];
        posted.tries += 1;
        let delivery = posted.delivery.clone();
        let receiver = self.receiver.clone();
        self.spawn(Kind::Receive(index), async move {
            let mut headers = HeaderMap::new();
            for (name, value) in &delivery.headers {
                let name = HeaderName::from_bytes(name.to_lowercase().as_bytes()).unwrap();
                headers.insert(name, value.parse().unwrap());
            }
            let path = store_path(&receiver.route_key, &"shop".try_into().unwrap());
            let inbound = Inbound {
                method: &Method::POST,
                path: &path,
                query: "",
                headers: &headers,
                body: delivery.body.as_bytes(),
            };
            Some(receiver.receive(inbound).await.status)
        });
    }

    /// A sender tries again where no answer or a 5xx came, as Shopify does: ever later, for hours.
    fn delivered(&mut self, index: usize, status: Option<u16>) {
        self.sim.note(&format!("delivery {index}: {status:?}"));
        let posted = &mut self.posted[index];
        posted.status = status;
        if self.bug == Some(Bug::AcceptsWhatIsNotStored) && status.is_none_or(|status| status >= 500) {
            posted.status = Some(200);
            return;
        }
        if status.is_none_or(|status| status >= 500) {
            let wait = 30_000 * u64::from(posted.tries.min(8)) + self.sim.below(20_000);
            self.plan(wait, move |run| run.deliver(index));
        }
    }

    fn spawn(&mut self, kind: Kind, future: impl Future<Output = Option<u16>> + 'static) {
        self.born += 1;
        let born = self.now();
        self.tasks.push(Task { id: self.born, kind, born, until: None, future: Box::pin(future) });
    }

    /// Starts whatever is due now.
    fn start(&mut self) {
        let now = self.now();
        while let Some(entry) = self.timeline.first_entry() {
            if entry.key().0 > now {
                break;
            }
            entry.remove()(self);
        }
        self.land_late_requests(now);
        if self.next_sweep <= now {
            self.next_sweep = after_millis(now, 60_000);
            let (world, sweeps) = (self.world.clone(), self.bug != Some(Bug::NoSweep));
            self.spawn(Kind::Sweep, async move {
                if sweeps {
                    let _ = workflow::sweep::sweep(&world).await;
                }
                None
            });
        }
        if self.polls && self.next_poll <= now {
            self.next_poll = after_millis(now, 180_000);
            let (world, polls) = (self.world.clone(), self.bug != Some(Bug::NoPoll));
            self.spawn(Kind::Poll, async move {
                if polls {
                    let _ = workflow::poll::poll(&world).await;
                }
                None
            });
        }
        while self.tasks.iter().filter(|t| t.kind == Kind::Worker).count() < WORKERS && self.start_worker() {}
    }

    fn land_late_requests(&mut self, now: Timestamp) {
        let due: Vec<_> = {
            let mut late = self.ports.late.lock().unwrap();
            let (due, rest) = std::mem::take(&mut *late).into_iter().partition(|request| request.at <= now);
            *late = rest;
            due
        };
        for late in due {
            self.sim.note("a late request lands");
            let _ = block_on(self.system.wire.send(late.request));
        }
    }

    fn start_worker(&mut self) -> bool {
        let first = usize::from(self.sim.below(2) == 1);
        let most = if self.sim.scripted() { 1 } else { 1 + self.sim.below(5) as usize };
        for queue in [QueueName::ALL[first], QueueName::ALL[1 - first]] {
            let batch = self.system.queue.receive(queue, most, VISIBILITY);
            if batch.is_empty() {
                continue;
            }
            let (world, raw, ports) = (self.world.clone(), self.system.queue.clone(), self.ports.clone());
            let acks_first = self.bug == Some(Bug::AcksBeforeWork);
            self.spawn(Kind::Worker, async move {
                if acks_first {
                    batch.iter().for_each(|message| raw.delete(queue, message.receipt));
                }
                let records = batch.iter().enumerate().map(|(i, m)| (i.to_string(), m.body.as_str()));
                let failed = workflow::batch::each(records, |body| {
                    let world = &world;
                    async move {
                        match queue {
                            QueueName::Inbound => workflow::sync::work(world, body).await,
                            QueueName::Alerts => workflow::alerts::tell(world, body).await,
                        }
                    }
                })
                .await;
                for (i, message) in batch.iter().enumerate() {
                    if failed.contains(&i.to_string()) {
                        // Shown again at once, or when its visibility ends.
                        if ports.sim.chance(500) {
                            raw.give_back(queue, message.receipt);
                        }
                    } else if ports.sim.before("delete").await == super::sim::Fate::Run {
                        raw.delete(queue, message.receipt);
                    }
                }
                None
            });
            return true;
        }
        false
    }

    /// The next moment at which anything happens, if everybody waits.
    fn next_moment(&self) -> Option<Timestamp> {
        let mut moments: Vec<Timestamp> = self.tasks.iter().filter_map(|t| t.until).collect();
        moments.extend(self.timeline.keys().next().map(|(at, _)| *at));
        moments.extend(self.ports.late.lock().unwrap().iter().map(|request| request.at));
        if self.tasks.iter().filter(|t| t.kind == Kind::Worker).count() < WORKERS {
            moments.extend(self.system.queue.next_visible());
        }
        moments.push(self.next_sweep);
        if self.polls {
            moments.push(self.next_poll);
        }
        moments.into_iter().min()
    }

    /// One step: starts what is due and polls one task, or moves the clock on.
    fn step(&mut self) {
        self.start();
        let now = self.now();
        let ready: Vec<usize> = (0..self.tasks.len())
            .filter(|index| self.tasks[*index].until.is_none_or(|until| until <= now))
            .collect();
        if ready.is_empty() {
            let next = self.next_moment().unwrap_or(now);
            self.sim.clock.advance_to(next.max(after_millis(now, 1)));
            return;
        }
        let index =
            if self.sim.scripted() { ready[0] } else { ready[self.sim.below(ready.len() as u64) as usize] };
        let task = &mut self.tasks[index];
        task.until = None;
        let kind = task.kind;
        let waker = noop_waker();
        let polled = task.future.as_mut().poll(&mut Context::from_waker(&waker));
        let wants = self.sim.take_wants();
        let too_old =
            now.duration_since(task.born) > WORKER_LIVES && !matches!(kind, Kind::Poll | Kind::Sweep);
        match polled {
            Poll::Ready(status) => {
                drop(self.tasks.remove(index));
                if let Kind::Receive(delivery) = kind {
                    self.delivered(delivery, status);
                }
            }
            Poll::Pending if wants.crash || too_old => {
                let id = task.id;
                drop(self.tasks.remove(index));
                self.sim.note(&format!("task {id} {kind:?} is gone"));
                if let Kind::Receive(delivery) = kind {
                    self.delivered(delivery, None);
                }
            }
            // It waits for another task (a lock of this process): let time pass, or nobody would ever come to it.
            Poll::Pending if !wants.yielded => task.until = Some(after_millis(now, 5)),
            Poll::Pending => task.until = wants.until,
        }
    }

    /// Runs for so long.
    pub(super) fn pass(&mut self, minutes: i64) {
        let end = self.now() + SignedDuration::from_mins(minutes);
        while self.now() < end {
            self.step();
        }
    }

    /// Runs until everything is settled; false if it is not within so many minutes.
    pub(super) fn settle(&mut self, minutes: i64) -> bool {
        let end = self.now() + SignedDuration::from_mins(minutes);
        while self.now() < end {
            let before = self.next_sweep;
            while self.now() < end && self.next_sweep == before {
                self.step();
            }
            if self.tasks.iter().all(|t| t.kind == Kind::Sweep) && self.is_quiet() {
                return true;
            }
        }
        false
    }

    fn is_quiet(&self) -> bool {
        self.unrest().is_empty()
    }

    /// What is still to happen.
    pub(super) fn unrest(&self) -> Vec<String> {
        let queues = QueueName::ALL.iter().filter(|queue| self.system.queue.len(**queue) > 0);
        let mut all: Vec<String> = queues.map(|queue| format!("messages in {queue:?}")).collect();
        all.extend(self.timeline.keys().take(1).map(|(at, _)| format!("the workload goes on at {at}")));
        let items = self.system.ledger.items();
        let open = items.iter().filter(|item| {
            let body: Value = serde_json::from_str(&item.body).unwrap_or_default();
            match (item.key.pk.get(..2), item.key.sk.get(..2)) {
                (Some("M#"), Some("P#")) => !serde_json::from_value::<Package>(body)
                    .is_ok_and(|p| p.state.settled() && p.state.name() != StateName::Accepted),
                (Some("S#"), _) => body["link"]["is"] == "unknown" || !body["next_look"].is_null(),
                (Some("M#"), _) => {
                    body["store_orders"].as_array().is_some_and(|orders| !orders.is_empty())
                        && !body["next_look"].is_null()
                }
                (Some("G#"), _) => body["waiting"].as_array().is_some_and(|waiting| !waiting.is_empty()),
                (Some("D#"), _) => item.attention.is_some(),
                _ => false,
            }
        });
        all.extend(open.map(|item| format!("{} {}: {}", item.key.pk, item.key.sk, item.body)));
        if !all.is_empty() {
            // Whether a connection is parked is the first question of whoever reads this.
            let states = items.iter().filter(|item| item.key.pk.starts_with("C#") && item.key.sk == "state");
            all.extend(states.map(|item| format!("{}: {}", item.key.pk, item.body)));
        }
        all
    }

    /// Dead letters that were not put back yet.
    pub(super) fn dead(&self) -> Vec<(QueueName, String)> {
        let mut known = self.redriven.clone();
        let all = QueueName::ALL
            .into_iter()
            .flat_map(|queue| self.system.queue.dead(queue).into_iter().map(move |body| (queue, body)));
        // They stand in no order of death, and bodies repeat: told apart by how many of each there are.
        all.filter(|letter| match known.get_mut(letter) {
            Some(count) if *count > 0 => {
                *count -= 1;
                false
            }
            _ => true,
        })
        .collect()
    }

    /// Puts the dead letters back, as a person does once the outage is over.
    pub(super) fn redrive(&mut self) {
        for letter in self.dead() {
            block_on(self.system.queue.send(letter.0, &letter.1, Duration::ZERO)).unwrap();
            *self.redriven.entry(letter).or_default() += 1;
        }
    }
}
