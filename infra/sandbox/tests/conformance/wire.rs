//! The wire between a connector and a stand-in, in process: faults are put into it, and every call is counted.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::task::Poll;

use async_trait::async_trait;
use http::{Request, Response};
use jiff::{SignedDuration, Timestamp};
use ports::memory::ManualClock;
use ports::{Clock as _, Transport, TransportError};
use sandbox::Outcome;
use serde_json::Value;

use crate::stand::{Call, Opposite};

/// What came back.
pub(crate) type Answered = Result<Response<Vec<u8>>, TransportError>;

/// What becomes of a call: it may let the stand-in answer, or not, and change what it answered.
pub(crate) type Fault = Box<dyn FnOnce(&Request<Vec<u8>>, &mut dyn FnMut() -> Answered) -> Answered + Send>;

/// An answer that nobody at the marketplace gave.
pub(crate) fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Response<Vec<u8>> {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(body.as_bytes().to_vec()).unwrap()
}

/// Answered before it comes to the marketplace.
pub(crate) fn instead(response: Response<Vec<u8>>) -> Fault {
    Box::new(move |_, _| Ok(response))
}

/// Done, and then answered like this.
pub(crate) fn done_then(answered: Answered) -> Fault {
    Box::new(move |_, forward| {
        let _ = forward();
        answered
    })
}

/// The true answer with its body changed.
pub(crate) fn body_changed(change: impl FnOnce(Vec<u8>) -> Vec<u8> + Send + 'static) -> Fault {
    Box::new(move |_, forward| forward().map(|response| response.map(change)))
}

/// The true answer with its JSON changed.
pub(crate) fn json_changed(change: impl FnOnce(&mut Value) + Send + 'static) -> Fault {
    body_changed(move |body| {
        let mut value = serde_json::from_slice(&body).unwrap_or(Value::Null);
        change(&mut value);
        serde_json::to_vec(&value).unwrap()
    })
}

/// Answered with a body in which `place` stands for the credentials that this very request carried.
pub(crate) fn echoing(response: Response<Vec<u8>>, place: &'static str) -> Fault {
    Box::new(move |request, _| {
        let carried = request.headers().iter().filter(|(name, _)| {
            ["authorization", "token", "key"].iter().any(|word| name.as_str().contains(word))
        });
        let values = carried.filter_map(|(_, value)| value.to_str().ok());
        let values: Vec<&str> = values.map(|value| value.rsplit(' ').next().unwrap_or(value)).collect();
        assert!(!values.is_empty(), "a call carries credentials: {:?}", request.headers().keys());
        let echo = |body: Vec<u8>| String::from_utf8(body).unwrap().replace(place, &values.join(" "));
        Ok(response.map(|body| echo(body).into_bytes()))
    })
}

/// The wire.
pub(crate) struct Wire<S: Opposite + ?Sized> {
    stand: Mutex<Box<S>>,
    pub(crate) clock: ManualClock,
    /// Seconds by which the marketplace's clock is ahead of ours.
    ahead: AtomicI64,
    faults: Mutex<Vec<(Call, Fault)>>,
    /// Requests made, by what they are for.
    made: Mutex<BTreeMap<Call, usize>>,
    /// The last true answer, by what was asked for.
    answers: Mutex<BTreeMap<Call, Response<Vec<u8>>>>,
}

impl<S: Opposite + ?Sized> Wire<S> {
    pub(crate) fn new(stand: Box<S>, now: Timestamp) -> Self {
        Self {
            stand: Mutex::new(stand),
            clock: ManualClock::at(now),
            ahead: AtomicI64::new(0),
            faults: Mutex::default(),
            made: Mutex::default(),
            answers: Mutex::default(),
        }
    }

    pub(crate) fn stand(&self) -> MutexGuard<'_, Box<S>> {
        self.stand.lock().unwrap()
    }

    /// What time the marketplace thinks it is.
    pub(crate) fn their_now(&self) -> Timestamp {
        self.clock.now().saturating_add(SignedDuration::from_secs(self.ahead.load(Ordering::SeqCst))).unwrap()
    }

    pub(crate) fn set_ahead(&self, seconds: i64) {
        self.ahead.store(seconds, Ordering::SeqCst);
    }

    /// Puts a fault before the next call of this kind.
    pub(crate) fn fault(&self, call: Call, fault: Fault) {
        self.faults.lock().unwrap().push((call, fault));
    }

    /// Whether every fault that was put there was met.
    pub(crate) fn all_met(&self) -> bool {
        self.faults.lock().unwrap().is_empty()
    }

    /// How many requests of this kind were made, since the last [`Self::forget`].
    pub(crate) fn made(&self, call: Call) -> usize {
        self.made.lock().unwrap().get(&call).copied().unwrap_or_default()
    }

    /// How many requests were made for anything but tokens.
    pub(crate) fn made_but_tokens(&self) -> usize {
        self.made.lock().unwrap().iter().filter(|(call, _)| **call != Call::Token).map(|(_, made)| made).sum()
    }

    pub(crate) fn forget(&self) {
        self.made.lock().unwrap().clear();
    }

    /// The last answer that the marketplace itself gave to a call of this kind.
    pub(crate) fn last_json(&self, call: Call) -> Option<Value> {
        serde_json::from_slice(self.answers.lock().unwrap().get(&call)?.body()).ok()
    }

    fn forward(&self, call: Call, request: &Request<Vec<u8>>) -> Answered {
        let outcome = self.stand().handle(self.their_now(), request);
        let response = match outcome {
            Outcome::Answer(response) => response,
            Outcome::Late(pause, response) => {
                self.clock.advance(pause);
                response
            }
            Outcome::CutOff => return Err(TransportError::MaybeSent("cut off".to_owned())),
        };
        self.answers.lock().unwrap().insert(call, response.clone());
        Ok(response)
    }
}

#[async_trait]
impl<S: Opposite + ?Sized> Transport for Wire<S> {
    async fn send(&self, request: Request<Vec<u8>>) -> Answered {
        // Others get a turn while a request is under way, as on a real wire.
        let mut turns = 3;
        poll_fn(|context| {
            if turns == 0 {
                return Poll::Ready(());
            }
            turns -= 1;
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        let call = self.stand().call(&request);
        *self.made.lock().unwrap().entry(call).or_default() += 1;
        let fault = {
            let mut faults = self.faults.lock().unwrap();
            faults.iter().position(|(waits_for, _)| *waits_for == call).map(|at| faults.remove(at).1)
        };
        match fault {
            Some(fault) => fault(&request, &mut || self.forward(call, &request)),
            None => self.forward(call, &request),
        }
    }
}
