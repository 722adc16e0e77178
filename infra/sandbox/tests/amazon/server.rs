//! The server alone: prefixes, bounds, and connections that are cut.

use std::sync::{Arc, Mutex};

use connector_api::HttpTransport;
use http::{Request, Response};
use jiff::Timestamp;
use ports::{Transport as _, TransportError};
use sandbox::{Outcome, Standin};
use tokio::net::TcpListener;

use crate::common::start;

/// Says what it was asked for; cuts off at `/cut`.
struct Echo(&'static str);

impl Standin for Echo {
    fn handle(&mut self, now: Timestamp, request: &Request<Vec<u8>>) -> Outcome {
        match request.uri().path() {
            "/cut" => Outcome::CutOff,
            "/panic" => panic!("on purpose"),
            _ => {
                let text = format!("{} {now} {} {}", self.0, request.uri(), request.body().len());
                Outcome::Answer(Response::new(text.into_bytes()))
            }
        }
    }
}

fn mount(prefix: &str, name: &'static str) -> (String, Arc<Mutex<dyn Standin>>) {
    (prefix.to_owned(), Arc::new(Mutex::new(Echo(name))))
}

async fn served(mounts: Vec<(String, Arc<Mutex<dyn Standin>>)>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(sandbox::server::serve(listener, mounts, Arc::new(start)));
    address
}

async fn get(address: &str, path: &str) -> Result<(u16, String), TransportError> {
    let request = Request::get(format!("{address}{path}")).body(Vec::new()).unwrap();
    let response = HttpTransport::new().unwrap().send(request).await?;
    Ok((response.status().as_u16(), String::from_utf8(response.into_body()).unwrap()))
}

#[tokio::test]
async fn the_longest_prefix_wins_and_is_taken_off() {
    let address = served(vec![mount("/a", "a"), mount("/a/b/", "b")]).await;
    for (path, status, want) in [
        ("/a/x?y=1%2C2", 200, "a 2026-11-21T12:00:00Z /x?y=1%2C2 0"),
        ("/a", 200, "a 2026-11-21T12:00:00Z / 0"),
        ("/a/b/c", 200, "b 2026-11-21T12:00:00Z /c 0"),
        ("/ab", 404, ""),
        ("/", 404, ""),
    ] {
        assert_eq!(get(&address, path).await.unwrap(), (status, want.to_owned()), "{path}");
    }
    let everything = served(vec![mount("/", "all")]).await;
    assert_eq!(get(&everything, "/x/y").await.unwrap().1, "all 2026-11-21T12:00:00Z /x/y 0");
}

#[tokio::test]
async fn a_cut_connection_gives_no_answer_and_the_next_one_works() {
    let address = served(vec![mount("", "all")]).await;
    let cut = get(&address, "/cut").await.unwrap_err();
    assert!(matches!(cut, TransportError::MaybeSent(_)), "{cut:?}");
    assert_eq!(get(&address, "/x").await.unwrap().0, 200);
}

#[tokio::test]
async fn a_stand_in_that_panics_loses_one_request() {
    let address = served(vec![mount("", "all")]).await;
    assert!(get(&address, "/panic").await.is_err());
    assert_eq!(get(&address, "/x").await.unwrap().0, 200);
}

#[tokio::test]
async fn bodies_are_bounded() {
    let address = served(vec![mount("", "all")]).await;
    let post = |bytes: usize| Request::post(format!("{address}/x")).body(vec![b'x'; bytes]).unwrap();
    let transport = HttpTransport::new().unwrap();
    let largest = transport.send(post(16 * 1024 * 1024)).await.unwrap();
    assert!(String::from_utf8(largest.into_body()).unwrap().ends_with(" 16777216"));
    // The answer may come before all of the body is taken, so that a client may only see the cut.
    match transport.send(post(16 * 1024 * 1024 + 1)).await {
        Ok(response) => assert_eq!(response.status(), 413),
        Err(error) => assert!(matches!(error, TransportError::MaybeSent(_)), "{error:?}"),
    }
}
