//! The ports as the simulated workers see them: each call asks for its fate first.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use domain::ids::{Account, ConnectionId};
use http::{Request, Response};
use jiff::{SignedDuration, Timestamp};
use ports::credentials::WebhookKeys;
use ports::ledger::Hint;
use ports::{
    Clock, Credential, CredentialError, Credentials, Expect, Item, ItemKey, Ledger, LedgerError, Mail,
    MailError, OutgoingMail, Page, Queue, QueueError, QueueName, Table, Transport, TransportError,
    WebhookSecrets, Write,
};
use sandbox::faults::{Fault, Planned};
use serde_json::Value;

use super::bugs::Bug;
use super::sim::{Fate, Sim, after_millis};
use crate::harness::Wire;

/// A mail, and whether its sender knows that it went out.
pub(super) struct SentMail {
    pub(super) mail: OutgoingMail,
    pub(super) acknowledged: bool,
    pub(super) under_faults: bool,
}

/// A request that lands after its sender gave it up.
pub(super) struct LateRequest {
    pub(super) at: Timestamp,
    pub(super) request: Request<Vec<u8>>,
}

/// An answer, and when it came.
type CachedRead = (Timestamp, Response<Vec<u8>>);

/// All ports, over the ones in memory.
pub(super) struct Faulty {
    pub(super) sim: Arc<Sim>,
    pub(super) bug: Option<Bug>,
    pub(super) ledger: Arc<dyn Ledger>,
    pub(super) queue: Arc<dyn Queue>,
    pub(super) credentials: Arc<ports::memory::MemoryCredentials>,
    pub(super) wire: Arc<Wire>,
    pub(super) mails: Mutex<Vec<SentMail>>,
    pub(super) late: Mutex<Vec<LateRequest>>,
    /// When each record was last written: indexes lag behind.
    pub(super) written: Mutex<BTreeMap<ItemKey, Timestamp>>,
    pub(super) cached_reads: Mutex<BTreeMap<String, CachedRead>>,
}

impl Faulty {
    fn is(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    async fn ledger_fate(&self, what: &str) -> Result<Fate, LedgerError> {
        match self.sim.before(what).await {
            Fate::FailBefore => Err(LedgerError::Unavailable("simulated".into())),
            fate @ (Fate::Run | Fate::FailAfter) => Ok(fate),
        }
    }

    async fn ledger_answer<T>(
        &self,
        what: &str,
        fate: Fate,
        answer: Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        self.sim.after(what).await;
        if fate == Fate::FailAfter { Err(LedgerError::Unavailable("answer lost".into())) } else { answer }
    }
}

fn key_of(write: &Write) -> &ItemKey {
    match write {
        Write::Put { item, .. } => &item.key,
        Write::Delete { key, .. } | Write::Check { key, .. } => key,
    }
}

#[async_trait]
impl Ledger for Faulty {
    async fn get(&self, key: &ItemKey) -> Result<Option<Item>, LedgerError> {
        let fate = self.ledger_fate("get").await?;
        let answer = self.ledger.get(key).await;
        self.ledger_answer("get", fate, answer).await
    }

    async fn query(&self, table: Table, pk: &str) -> Result<Vec<Item>, LedgerError> {
        let fate = self.ledger_fate("query").await?;
        let answer = self.ledger.query(table, pk).await;
        self.ledger_answer("query", fate, answer).await
    }

    async fn commit(&self, mut writes: Vec<Write>) -> Result<(), LedgerError> {
        let fate = self.ledger_fate("commit").await?;
        if self.is(Bug::LedgerLosesWrites) && self.sim.chance(20) {
            return Ok(());
        }
        if self.is(Bug::LedgerIgnoresConditions) {
            for write in &mut writes {
                let stands = self.ledger.get(key_of(write)).await?.map(|item| item.version);
                let (Write::Put { expect, .. } | Write::Delete { expect, .. } | Write::Check { expect, .. }) =
                    write;
                *expect = stands.map_or(Expect::Absent, Expect::Version);
            }
        }
        let now = self.sim.clock.now();
        let keys: Vec<ItemKey> = writes.iter().map(|write| key_of(write).clone()).collect();
        let answer = self.ledger.commit(writes).await;
        if answer.is_ok() && !self.sim.scripted() {
            self.written.lock().unwrap().extend(keys.into_iter().map(|key| (key, now)));
        }
        self.ledger_answer("commit", fate, answer).await
    }

    async fn due(&self, lane: &str, until: Timestamp, limit: usize) -> Result<Vec<Hint>, LedgerError> {
        let fate = self.ledger_fate("due").await?;
        let mut answer = self.ledger.due(lane, until, limit).await;
        if self.sim.faults() && self.sim.chance(200) {
            // What was written a moment ago is not in the index yet.
            let lag = SignedDuration::from_millis(i64::try_from(self.sim.below(3_000)).unwrap());
            let before = self.sim.clock.now() - lag;
            let written = self.written.lock().unwrap();
            if let Ok(hints) = &mut answer {
                hints.retain(|hint| written.get(&hint.key).is_none_or(|at| *at <= before));
            }
        }
        self.ledger_answer("due", fate, answer).await
    }

    async fn attention(
        &self,
        table: Table,
        lane: &str,
        page: Option<String>,
    ) -> Result<Page<Hint>, LedgerError> {
        let fate = self.ledger_fate("attention").await?;
        let answer = self.ledger.attention(table, lane, page).await;
        self.ledger_answer("attention", fate, answer).await
    }

    async fn scan(&self, table: Table, page: Option<String>) -> Result<Page<Item>, LedgerError> {
        let fate = self.ledger_fate("scan").await?;
        let answer = self.ledger.scan(table, page).await;
        self.ledger_answer("scan", fate, answer).await
    }
}

#[async_trait]
impl Queue for Faulty {
    async fn send(&self, queue: QueueName, body: &str, delay: Duration) -> Result<(), QueueError> {
        let what = format!("send {}", queue.as_str());
        let fate = self.sim.before(&what).await;
        let unavailable = || QueueError::Unavailable("simulated".into());
        if fate == Fate::FailBefore {
            return Err(unavailable());
        }
        if !(self.is(Bug::QueueLosesMessages) && self.sim.chance(150)) {
            self.queue.send(queue, body, delay).await?;
            // Standard queues deliver at least once.
            if self.sim.faults() && self.sim.chance(50) {
                let again = Duration::from_millis(self.sim.below(90_000));
                self.queue.send(queue, body, delay.saturating_add(again)).await?;
            }
        }
        self.sim.after(&what).await;
        if fate == Fate::FailAfter { Err(unavailable()) } else { Ok(()) }
    }
}

/// The operation of a request, as faults of the stand-ins name it.
fn operation(request: &Request<Vec<u8>>) -> &'static str {
    let path = request.uri().path();
    if path.ends_with("/shipmentConfirmation") {
        "confirmShipment"
    } else if path.ends_with("/auth/o2/token") {
        "token"
    } else if path.ends_with("/orders/2026-01-01/orders") {
        "searchOrders"
    } else if path.contains("/orders/2026-01-01/orders/") {
        "getOrder"
    } else {
        "*"
    }
}

impl Faulty {
    /// Lets the stand-in itself go wrong with this call.
    fn plan_fault(&self, operation: &str, amazon: bool) {
        let fault = match self.sim.below(9) {
            0 => Fault::Throttle { retry_after: None },
            1 => Fault::Throttle { retry_after: Some(self.sim.below(20)) },
            2 => Fault::Status { status: 500 },
            3 => Fault::Status { status: 503 },
            4 => Fault::LoseAnswer,
            5 => Fault::CutBefore,
            6 => Fault::Slow { millis: self.sim.below(8_000) },
            7 => Fault::Malformed,
            // A refresh token that expires, or a shop's: that is a merchant's matter, told by the timeline.
            _ if amazon && operation != "token" => Fault::ExpiredToken,
            _ => Fault::Status { status: 502 },
        };
        let fault = if operation == "confirmShipment" && self.sim.chance(40) {
            Fault::AcceptAndForget
        } else {
            fault
        };
        self.sim.note(&format!("{operation} {fault:?}"));
        self.sim.count_fault();
        let planned = Planned { operation: operation.into(), account: None, times: 1, fault };
        if amazon {
            self.wire.amazon.lock().unwrap().plan_fault(planned);
        } else {
            self.wire.shopify.lock().unwrap().plan_fault(planned);
        }
    }

    /// Changes a confirmation on its way, as a defect would.
    fn spoil(&self, request: &mut Request<Vec<u8>>) {
        let Ok(mut body) = serde_json::from_slice::<Value>(request.body()) else { return };
        let package = &mut body["packageDetail"];
        match self.bug {
            Some(Bug::OneUnitMore) => {
                let quantity = package["orderItems"][0]["quantity"].as_u64().unwrap_or(0);
                package["orderItems"][0]["quantity"] = (quantity + 1).into();
            }
            Some(Bug::WrongNumber) if self.sim.chance(30) => {
                let number = package["trackingNumber"].as_str().unwrap_or("").to_owned();
                package["trackingNumber"] = format!("{number}9").into();
            }
            Some(Bug::FreshReferences) => {
                package["packageReferenceId"] = (1 + self.sim.below(99_999_999)).to_string().into();
            }
            _ => return,
        }
        *request.body_mut() = serde_json::to_vec(&body).unwrap();
    }

    /// Reads of one order as a cache ten minutes old shows them.
    fn cached(&self, path: &str) -> Option<Response<Vec<u8>>> {
        let now = self.sim.clock.now();
        let all = self.cached_reads.lock().unwrap();
        let (at, answer) = all.get(path)?;
        (now.duration_since(*at) < SignedDuration::from_mins(10)).then(|| copy(answer))
    }
}

fn copy(answer: &Response<Vec<u8>>) -> Response<Vec<u8>> {
    let mut other = Response::new(answer.body().clone());
    *other.status_mut() = answer.status();
    *other.headers_mut() = answer.headers().clone();
    other
}

#[async_trait]
impl Transport for Faulty {
    async fn send(&self, mut request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
        let operation = operation(&request);
        let amazon = request.uri().host() == Some("amazon.test");
        let confirms = operation == "confirmShipment";
        let fate = self.sim.before(operation).await;
        if confirms {
            self.spoil(&mut request);
        }
        if fate == Fate::FailBefore {
            if self.sim.chance(400) {
                return Err(TransportError::NothingSent("simulated".into()));
            }
            // It lands later, or never: the sender cannot know.
            if self.sim.chance(500) {
                let at = after_millis(self.sim.clock.now(), self.sim.below(60_000));
                self.late.lock().unwrap().push(LateRequest { at, request });
            }
            return self.lost();
        }
        if self.sim.faults() && self.sim.chance(if confirms { 300 } else { 120 }) {
            self.plan_fault(operation, amazon);
        }
        let path = request.uri().path().to_owned();
        if self.is(Bug::ReadsFromACache)
            && operation == "getOrder"
            && let Some(old) = self.cached(&path)
        {
            return Ok(old);
        }
        let again = (confirms && self.is(Bug::RepeatsConfirmBlindly)).then(|| request.clone());
        let mut answer = self.wire.send(request).await;
        if let (Some(again), Err(_)) = (again, &answer) {
            answer = self.wire.send(again).await;
        } else if let (true, Err(_)) = (confirms && self.is(Bug::SaysAccepted), &answer) {
            answer = Ok(Response::builder().status(204).body(Vec::new()).unwrap());
        } else if let (true, Err(_)) = (self.is(Bug::SaysNothingSent), &answer) {
            answer = Err(TransportError::NothingSent("so it says".into()));
        }
        if let (true, Ok(answer)) = (self.is(Bug::ShipsWhatIsNotOurs), &mut answer) {
            let text = String::from_utf8_lossy(answer.body()).replace("\"AMAZON\"", "\"MERCHANT\"");
            *answer.body_mut() = text.into_bytes();
        }
        if let Ok(answer) = &answer
            && operation == "getOrder"
            && answer.status().is_success()
        {
            self.cached_reads.lock().unwrap().insert(path, (self.sim.clock.now(), copy(answer)));
        }
        self.sim.after(operation).await;
        if fate == Fate::FailAfter { self.lost() } else { answer }
    }
}

impl Faulty {
    fn lost(&self) -> Result<Response<Vec<u8>>, TransportError> {
        if self.is(Bug::SaysNothingSent) {
            return Err(TransportError::NothingSent("so it says".into()));
        }
        Err(TransportError::MaybeSent("simulated".into()))
    }
}

#[async_trait]
impl Mail for Faulty {
    async fn send(&self, mail: &OutgoingMail) -> Result<String, MailError> {
        let fate = self.sim.before("mail").await;
        if fate == Fate::FailBefore {
            return Err(match self.sim.below(3) {
                0 => MailError::TryAgain("simulated".into()),
                1 => MailError::Refused("simulated".into()),
                _ => MailError::MaybeSent("simulated".into()),
            });
        }
        let times = if self.is(Bug::MailThrice) { 3 } else { 1 };
        let at = self.mails.lock().unwrap().len();
        for _ in 0..times {
            if !self.is(Bug::MailLost) {
                self.mails.lock().unwrap().push(SentMail {
                    mail: mail.clone(),
                    acknowledged: false,
                    under_faults: self.sim.faults(),
                });
            }
        }
        self.sim.note(&format!("mail {} {}", mail.id, mail.subject));
        self.sim.after("mail").await;
        if fate == Fate::FailAfter {
            return Err(MailError::MaybeSent("answer lost".into()));
        }
        for sent in self.mails.lock().unwrap().iter_mut().skip(at).filter(|sent| sent.mail.id == mail.id) {
            sent.acknowledged = true;
        }
        Ok(format!("simulated-{at}"))
    }

    async fn tell_operator(&self, notice: &ports::OperatorNotice) -> Result<(), MailError> {
        self.sim.note(&format!("operator {} {}", notice.cause, notice.subject));
        Ok(())
    }
}

#[async_trait]
impl Credentials for Faulty {
    async fn load(&self, account: &Account) -> Result<Option<Credential>, CredentialError> {
        let fate = self.sim.before("credential").await;
        if fate != Fate::Run {
            return Err(CredentialError::Unavailable("simulated".into()));
        }
        let answer = Credentials::load(self.credentials.as_ref(), account).await;
        self.sim.after("credential").await;
        answer
    }

    async fn save(&self, account: &Account, credential: &Credential) -> Result<u64, CredentialError> {
        let fate = self.sim.before("save credential").await;
        if fate == Fate::FailBefore {
            return Err(CredentialError::Unavailable("simulated".into()));
        }
        let answer = self.credentials.save(account, credential).await;
        self.sim.after("save credential").await;
        if fate == Fate::FailAfter { Err(CredentialError::Unavailable("answer lost".into())) } else { answer }
    }
}

#[async_trait]
impl WebhookSecrets for Faulty {
    async fn webhook_keys(&self, connection: &ConnectionId) -> Result<Option<WebhookKeys>, CredentialError> {
        let fate = self.sim.before("webhook keys").await;
        if fate != Fate::Run {
            return Err(CredentialError::Unavailable("simulated".into()));
        }
        let answer = self.credentials.webhook_keys(connection).await;
        self.sim.after("webhook keys").await;
        answer
    }
}

/// The clock of a worker.
pub(super) struct WorkersClock {
    pub(super) sim: Arc<Sim>,
    pub(super) jumps: bool,
}

impl Clock for WorkersClock {
    fn now(&self) -> Timestamp {
        let now = self.sim.clock.now();
        if !self.jumps {
            return now;
        }
        let off = i64::try_from(self.sim.below(2_400)).unwrap() - 1_200;
        now + SignedDuration::from_secs(off)
    }
}
